import { Link as FluentLink, makeStyles, Switch, tokens } from '@fluentui/react-components';
import { Link } from '@tanstack/react-router';
import { useI18n } from '@/shared/i18n';
import { setPreferences, usePreferences } from '@/shared/preferences';
import { level, switchOn, usePhone, type Phone } from '@/shared/softphone/phone';
import { useHasSoftphone } from '@/shared/softphone/usePhoneOf';
import { Meter } from '@/shared/ui/Meter';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';
import { Endpoint } from './Endpoint';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: '10px' },
  row: { display: 'flex', alignItems: 'center', gap: '10px', justifyContent: 'space-between', flexWrap: 'wrap' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  meter: { width: '96px' },
  link: { fontSize: tokens.fontSizeBase200, color: tokens.colorBrandForegroundLink },
});

/** The phone in this browser: on or off, how it is, how loud one is. */
export function PhoneStrip({ agent }: { agent: string }) {
  const { t } = useI18n();
  const styles = useStyles();
  const has = useHasSoftphone();
  const { phoneHere } = usePreferences();
  const phone = usePhone();
  if (!has) return null;
  return (
    <Section title={t('desk.phone')}>
      <div className={styles.box}>
        <Switch checked={phoneHere === true} label={t('desk.phone-here')} onChange={(_, d) => setPreferences({ phoneHere: d.checked })} />
        {phoneHere && (
          <>
            <div className={styles.row}>
              <span className={styles.quiet} role="status">
                {t(`desk.phone-${phone.link}`)}
                {phone.quality && ` · ${t(`desk.quality-${phone.quality}`)}`}
              </span>
              {phone.link === 'up' && (
                <span className={styles.meter}>
                  <Meter read={level} label={t('desk.level')} />
                </span>
              )}
            </div>
            <Failure phone={phone} retry={() => void switchOn(agent)} />
          </>
        )}
        <Endpoint agent={agent} />
        <Link to="/settings" className={styles.link}>
          {t('desk.choose-devices')}
        </Link>
      </div>
    </Section>
  );
}

function Failure({ phone, retry }: { phone: Phone; retry: () => void }) {
  const { t } = useI18n();
  if (!phone.failure) return null;
  return (
    <Note intent="warning">
      {t(`desk.failure-${phone.failure}`)} {phone.failure !== 'elsewhere' && t('desk.failure-meanwhile')}{' '}
      <FluentLink onClick={retry}>{t('app.retry')}</FluentLink>
    </Note>
  );
}
