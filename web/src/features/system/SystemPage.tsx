import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useI18n } from '@/shared/i18n';
import { useSession } from '@/shared/session';
import { Page } from '@/shared/ui/Page';
import { Parts } from '@/shared/ui/Parts';

const useStyles = makeStyles({
  say: { color: tokens.colorNeutralForeground2, maxWidth: '80ch' },
});

const PARTS = ['trunks', 'microsoft', 'permissions', 'line-passes'] as const;
/** Parts in which there is nothing for anybody but owners. */
const OF_OWNERS: ReadonlySet<string> = new Set(['line-passes']);

/** What stands around the pages about the system. */
export function SystemPage({ part, children }: { part: (typeof PARTS)[number]; children: ReactNode }) {
  const { t } = useI18n();
  const styles = useStyles();
  const { role } = useSession();
  const seen = PARTS.filter((name) => role === 'owner' || !OF_OWNERS.has(name));
  const parts = seen.map((name) => ({ to: `/system/${name}` as const, name: t(`system.part-${name}`), chosen: name === part }));
  return (
    <Page title={t(`system.part-${part}`)} actions={<Parts label={t('system.parts')} parts={parts} />}>
      <span className={styles.say}>{t(`system.say-${part}`)}</span>
      {children}
    </Page>
  );
}
