import { makeStyles, tokens } from '@fluentui/react-components';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { ask } from '@/shared/api/client';
import { useNames } from '@/shared/api/names';
import { ApiError } from '@/shared/api/problem';
import type { CallView } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';
import { useAgent } from '@/shared/live/store';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';

/** The most that are shown; the page of calls has all. */
const MOST = 8;

const useStyles = makeStyles({
  list: { padding: 0, listStyleType: 'none' },
  item: {
    display: 'grid',
    gridTemplateColumns: '120px minmax(0, 1fr) minmax(0, 1fr) 120px',
    gap: '16px',
    padding: '7px 0',
    ':not(:last-child)': { borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
    '@media (max-width: 719px)': { gridTemplateColumns: 'auto minmax(0, 1fr) auto', gap: '12px' },
  },
  link: { color: tokens.colorBrandForegroundLink },
  cut: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  wide: { '@media (max-width: 719px)': { display: 'none' } },
  end: { textAlign: 'end' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const myCallsQuery = (agent: string) =>
  queryOptions({
    queryKey: ['desk', 'calls', agent],
    queryFn: async ({ signal }) => {
      const ended = (items: CallView[]) => items.filter((c) => c.agent === agent && c.state === 'ended').slice(0, MOST);
      try {
        const list = await ask<{ items: CallView[] }>('GET', '/calls', { signal, query: { agent, limit: String(MOST * 2) } });
        return ended(list.items);
      } catch (e) {
        // A server that does not choose by agent: chosen here, from the newest.
        if (!(e instanceof ApiError) || e.status !== 400) throw e;
        const list = await ask<{ items: CallView[] }>('GET', '/calls', { signal, query: { limit: '200' } });
        return ended(list.items);
      }
    },
  });

/** The calls that this agent had last. */
export function MyCalls({ agent }: { agent: string }) {
  const i18n = useI18n();
  const styles = useStyles();
  const names = useNames();
  const state = useAgent(agent)?.state;
  const found = useQuery(myCallsQuery(agent));
  const { refetch } = found;
  // A call that is over stands here as soon as its work begins.
  useEffect(() => void refetch(), [state, refetch]);
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => void refetch()} />;
  if (found.data.length === 0) return <Empty>{i18n.t('desk.no-calls-yet')}</Empty>;
  return (
    <ul className={styles.list}>
      {found.data.map((c) => (
        <li key={c.id} className={styles.item}>
          <Link to="/calls/$id" params={{ id: c.id }} className={styles.link}>
            {i18n.moment(c.began)}
          </Link>
          <span className={styles.cut}>
            <Bdi>{names.queue(c.queue) || i18n.t('desk.without-queue')}</Bdi>
          </span>
          <span className={`${styles.cut} ${styles.wide} ${styles.quiet}`}>{i18n.word('words', `reason-${c.reason ?? ''}`) ?? ''}</span>
          <span className={styles.end}>{i18n.length(c.talked_ms)}</span>
        </li>
      ))}
    </ul>
  );
}
