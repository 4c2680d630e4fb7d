// Backups of the server: when the newest was made and tried out, what failed, what is next.

import { Badge } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useI18n } from '@/shared/i18n';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';
import { backupsQuery, type Backup } from './api';
import { useListStyles } from './list';
import { ProofPage } from './ProofPage';

const MEGABYTE = 1_000_000;

export function BackupsPage() {
  return (
    <ProofPage part="backups">
      <Backups />
    </ProofPage>
  );
}

function Backups() {
  const { t, moment } = useI18n();
  const styles = useListStyles();
  const found = useQuery(backupsQuery);
  const failed = found.data?.failed;
  return (
    <Section title={t('proof.backups')}>
      {failed && (
        <Note intent="error">
          {t(failed.of === 'rehearsal' ? 'proof.rehearsal-failed' : 'proof.backup-failed', { time: moment(failed.at) })}
        </Note>
      )}
      {found.isPending && <Loading />}
      {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <span className={styles.quiet}>{found.data.scheduled ? t('proof.backup-next', { time: moment(found.data.next) }) : t('proof.backup-unscheduled')}</span>
      )}
      {found.data?.items.length === 0 && <Empty>{t('proof.backups-none')}</Empty>}
      <ul className={styles.list} aria-label={t('proof.backups')}>
        {found.data?.items.map((backup) => (
          <BackupItem key={backup.number} backup={backup} />
        ))}
      </ul>
    </Section>
  );
}

function BackupItem({ backup }: { backup: Backup }) {
  const { t, moment, length, decimal } = useI18n();
  const styles = useListStyles();
  return (
    <li className={styles.item}>
      <span className={styles.text}>
        <span className={styles.strong}>
          {backup.at ? t('proof.backup', { number: backup.number, time: moment(backup.at) }) : t('proof.backup-unmade', { number: backup.number })}
        </span>
        {backup.at && (
          <span>{t('proof.backup-made', { increment: backup.increment ?? '', length: length(backup.took_ms), size: decimal(backup.bytes / MEGABYTE) })}</span>
        )}
        <span className={styles.quiet}>
          {backup.rehearsed ? t('proof.backup-tried', { time: moment(backup.rehearsed), length: length(backup.rehearsed_ms) }) : t('proof.backup-untried-say')}
        </span>
      </span>
      {!backup.rehearsed && (
        <Badge appearance="tint" color="warning">
          {t('proof.backup-untried')}
        </Badge>
      )}
    </li>
  );
}
