import { Field, Link, makeStyles, Select, Text, tokens } from '@fluentui/react-components';
import { useI18n } from '@/shared/i18n';
import { LANGUAGES, type Language } from '@/shared/i18n/languages';
import { setPreferences, usePreferences, type ThemeChoice } from '@/shared/preferences';
import { useSession } from '@/shared/session';
import { Bdi } from '@/shared/ui/Bdi';
import { Page, Section } from '@/shared/ui/Page';
import { AccountSection } from './AccountSection';
import { SoundSection } from './SoundSection';

const useStyles = makeStyles({
  columns: {
    display: 'grid',
    gap: tokens.spacingHorizontalL,
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 340px), 1fr))',
    alignItems: 'start',
    maxWidth: '1080px',
  },
  fields: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  facts: { display: 'grid', gridTemplateColumns: 'auto 1fr', gap: '6px 16px', margin: 0 },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const THEMES: readonly ThemeChoice[] = ['system', 'light', 'dark', 'contrast'];

export function SettingsPage() {
  const { t } = useI18n();
  const styles = useStyles();
  const { theme, language } = usePreferences();
  const session = useSession();
  return (
    <Page title={t('app.settings')}>
      <div className={styles.columns}>
        <Section title={t('settings.appearance')}>
          <div className={styles.fields}>
            <Field label={t('app.theme')}>
              <Select value={theme} onChange={(_, d) => setPreferences({ theme: d.value as ThemeChoice })}>
                {THEMES.map((name) => (
                  <option key={name} value={name}>
                    {t(`app.theme-${name}`)}
                  </option>
                ))}
              </Select>
            </Field>
            <Field label={t('app.language')}>
              <Select
                value={language ?? ''}
                onChange={(_, d) => setPreferences({ language: d.value ? (d.value as Language) : null })}
              >
                <option value="">{t('app.language-browser')}</option>
                {Object.entries(LANGUAGES).map(([code, own]) => (
                  <option key={code} value={code} lang={code}>
                    {own}
                  </option>
                ))}
              </Select>
            </Field>
          </div>
        </Section>
        <SoundSection />
        <AccountSection />
        <Section title={t('settings.about')}>
          <dl className={styles.facts}>
            <dt className={styles.quiet}>{t('settings.signed-in-as')}</dt>
            <dd style={{ margin: 0 }}>
              <Bdi>{session.name || session.user || t('app.nobody')}</Bdi>
            </dd>
            <dt className={styles.quiet}>{t('settings.role')}</dt>
            <dd style={{ margin: 0 }}>{t(`words.role-${session.role}`)}</dd>
          </dl>
          <Text block style={{ marginTop: 12 }}>
            <Link href="/api/v1/openapi.json" target="_blank" rel="noreferrer">
              {t('settings.api')}
            </Link>
          </Text>
        </Section>
      </div>
    </Page>
  );
}

