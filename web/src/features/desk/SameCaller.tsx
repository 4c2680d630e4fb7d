import { makeStyles, tokens } from '@fluentui/react-components';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '@/shared/api/client';
import { useNames } from '@/shared/api/names';
import { ApiError, isAbsent } from '@/shared/api/problem';
import type { CallView } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';

/** The most that are shown: the newest say most. */
const MOST = 5;

const useStyles = makeStyles({
  title: { fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300, fontWeight: tokens.fontWeightSemibold, marginBottom: '4px' },
  list: { padding: 0, listStyleType: 'none' },
  item: {
    position: 'relative',
    display: 'grid',
    gridTemplateColumns: '120px minmax(0, 1fr) minmax(0, 1fr) 120px',
    gap: '12px',
    padding: '5px 0',
    color: tokens.colorNeutralForeground2,
    ':not(:last-child)': { borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
    '@media (max-width: 719px)': { gridTemplateColumns: 'auto minmax(0, 1fr) auto' },
  },
  link: { color: tokens.colorBrandForegroundLink },
  cut: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  end: { textAlign: 'end' },
  wide: { '@media (max-width: 719px)': { display: 'none' } },
});

const sameCallerQuery = (call: string) =>
  queryOptions({
    queryKey: ['call', call, 'same-caller'],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      try {
        const query = { with_same_caller_as: call, limit: String(MOST + 1) };
        const { items } = await ask<{ items: CallView[] }>('GET', '/calls', { signal, query });
        return items.filter((c) => c.id !== call).slice(0, MOST);
      } catch (e) {
        // A server that does not know this way of choosing says that the request is wrong.
        if (isAbsent(e) || (e instanceof ApiError && e.status === 400)) return [];
        throw e;
      }
    },
  });

/** Earlier calls with the same caller. Nothing where there are none. */
export function SameCaller({ call }: { call: string }) {
  const i18n = useI18n();
  const styles = useStyles();
  const names = useNames();
  const calls = useQuery(sameCallerQuery(call)).data ?? [];
  if (calls.length === 0) return null;
  return (
    <div>
      <h3 className={styles.title}>{i18n.t('desk.same-caller')}</h3>
      <ul className={styles.list}>
        {calls.map((c) => (
          <li key={c.id} className={styles.item}>
            <Link to="/calls/$id" params={{ id: c.id }} className={styles.link}>
              {i18n.moment(c.began)}
            </Link>
            <span className={styles.cut}>
              <Bdi>{names.queue(c.queue)}</Bdi>
            </span>
            <span className={`${styles.cut} ${styles.wide}`}>
              <Bdi>{names.user(c.agent)}</Bdi>
            </span>
            <span className={styles.end}>{i18n.word('words', `outcome-${c.outcome ?? ''}`) ?? ''}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
