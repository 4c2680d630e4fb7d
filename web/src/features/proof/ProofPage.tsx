import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useI18n } from '@/shared/i18n';
import { useSession, type Role } from '@/shared/session';
import { Note } from '@/shared/ui/Note';
import { Page } from '@/shared/ui/Page';
import { Parts } from '@/shared/ui/Parts';

const useStyles = makeStyles({
  say: { color: tokens.colorNeutralForeground2, maxWidth: '80ch' },
});

const PARTS = ['attestation', 'audit', 'people', 'holds', 'backups'] as const;
type PartName = (typeof PARTS)[number];

// The server holds who may; this only spares people the refusal.
const WHO: Readonly<Record<PartName, readonly Role[]>> = {
  attestation: ['owner', 'supervisor', 'auditor'],
  audit: ['owner', 'supervisor', 'auditor'],
  people: ['owner', 'auditor'],
  holds: ['owner', 'auditor'],
  backups: ['owner', 'supervisor', 'auditor'],
};

/** What stands around the pages about what this server can prove and what it keeps of people. */
export function ProofPage({ part, children }: { part: PartName; children: ReactNode }) {
  const { t } = useI18n();
  const styles = useStyles();
  const { role } = useSession();
  const parts = PARTS.filter((name) => WHO[name].includes(role)).map((name) => ({
    to: `/proof/${name}` as const,
    name: t(`proof.part-${name}`),
    chosen: name === part,
  }));
  return (
    <Page title={t(`proof.part-${part}`)} actions={<Parts label={t('proof.parts')} parts={parts} />}>
      <span className={styles.say}>{t(`proof.say-${part}`)}</span>
      {WHO[part].includes(role) ? children : <Note intent="error">{t('app.not-allowed')}</Note>}
    </Page>
  );
}
