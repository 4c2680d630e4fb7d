import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useNames } from '@/shared/api/names';
import { useI18n } from '@/shared/i18n';
import { useQueue } from '@/shared/live/store';
import { Bdi } from '@/shared/ui/Bdi';
import { Section } from '@/shared/ui/Page';
import { Since } from '@/shared/ui/Since';

const useStyles = makeStyles({
  table: { width: '100%', borderCollapse: 'collapse' },
  head: { textAlign: 'end', fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightRegular, color: tokens.colorNeutralForeground2, padding: '0 0 4px 8px', verticalAlign: 'bottom', hyphens: 'auto' },
  start: { textAlign: 'start' },
  name: { textAlign: 'start', fontWeight: tokens.fontWeightRegular, padding: '4px 0' },
  cell: { textAlign: 'end', padding: '4px 0 4px 8px', fontVariantNumeric: 'tabular-nums' },
  some: { fontWeight: tokens.fontWeightSemibold },
});

/** Who waits in the queues that this agent serves. */
export function MyQueues({ queues }: { queues: readonly string[] }) {
  const { t } = useI18n();
  const styles = useStyles();
  if (queues.length === 0) return null;
  return (
    <Section title={t('desk.my-queues')}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col" className={mergeClasses(styles.head, styles.start)}>
              {t('floor.queue')}
            </th>
            <th scope="col" className={styles.head}>
              {t('floor.waiting')}
            </th>
            <th scope="col" className={styles.head}>
              {t('floor.longest-wait')}
            </th>
            <th scope="col" className={styles.head}>
              {t('desk.free')}
            </th>
          </tr>
        </thead>
        <tbody>
          {queues.map((id) => (
            <Row key={id} id={id} />
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Row({ id }: { id: string }) {
  const { n } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const queue = useQueue(id);
  return (
    <tr>
      <th scope="row" className={styles.name}>
        <Bdi>{names.queue(id)}</Bdi>
      </th>
      <td className={`${styles.cell} ${queue && queue.waiting > 0 ? styles.some : ''}`}>{queue ? n(queue.waiting) : '–'}</td>
      <td className={styles.cell}>{queue?.waiting_since ? <Since at={queue.waiting_since} /> : '–'}</td>
      <td className={styles.cell}>{queue ? n(queue.agents.available ?? 0) : '–'}</td>
    </tr>
  );
}
