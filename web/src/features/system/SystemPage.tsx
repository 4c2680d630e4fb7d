import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useI18n } from '@/shared/i18n';
import { Page } from '@/shared/ui/Page';

const useStyles = makeStyles({
  parts: { display: 'flex', flexWrap: 'wrap', gap: '4px' },
  part: {
    padding: '5px 12px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    border: `1px solid ${tokens.colorTransparentStroke}`,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  chosen: {
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorBrandForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    boxShadow: `inset 0 -2px 0 ${tokens.colorCompoundBrandStroke}`,
  },
  say: { color: tokens.colorNeutralForeground2, maxWidth: '80ch' },
});

const PARTS = ['trunks', 'microsoft', 'permissions'] as const;

/** What stands around the pages about the system. */
export function SystemPage({ part, children }: { part: (typeof PARTS)[number]; children: ReactNode }) {
  const { t } = useI18n();
  const styles = useStyles();
  return (
    <Page
      title={t(`system.part-${part}`)}
      actions={
        <nav className={styles.parts} aria-label={t('system.parts')}>
          {PARTS.map((name) => (
            <Link key={name} to={`/system/${name}`} className={mergeClasses(styles.part, name === part && styles.chosen)} aria-current={name === part ? 'page' : undefined}>
              {t(`system.part-${name}`)}
            </Link>
          ))}
        </nav>
      }
    >
      <span className={styles.say}>{t(`system.say-${part}`)}</span>
      {children}
    </Page>
  );
}
