import { Badge, Button, makeStyles, tokens } from '@fluentui/react-components';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, need } from '@/shared/api/client';
import { useNames } from '@/shared/api/names';
import { isAbsent } from '@/shared/api/problem';
import type { CallbackView } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';
import { atLeast, useSession } from '@/shared/session';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { useSay } from '@/shared/ui/toasts';

const useStyles = makeStyles({
  list: { padding: 0, listStyleType: 'none' },
  item: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px 14px',
    padding: '7px 0',
    ':not(:last-child)': { borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
  },
  grow: { flexGrow: 1 },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const callbacksQuery = queryOptions({
  queryKey: ['callbacks'],
  refetchInterval: 15_000,
  queryFn: async ({ signal }): Promise<CallbackView[]> => {
    try {
      return await need(api.GET('/api/v1/callbacks', { signal }));
    } catch (e) {
      if (isAbsent(e)) return [];
      throw e;
    }
  },
});

/** Promises to call back that are not kept yet: the queue offers them by itself. */
export function Callbacks() {
  const { t, moment, word } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const session = useSession();
  const say = useSay();
  const queries = useQueryClient();
  const found = useQuery(callbacksQuery);
  const cancel = useMutation({
    mutationFn: async (id: string) => {
      await need(api.DELETE('/api/v1/callbacks/{id}', { params: { path: { id } } }));
    },
    onError: say.fail,
    onSettled: () => queries.invalidateQueries({ queryKey: callbacksQuery.queryKey }),
  });
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (found.data.length === 0) return <Empty>{t('desk.no-callbacks')}</Empty>;
  return (
    <ul className={styles.list}>
      {found.data.map((c) => (
        <li key={c.id} className={styles.item}>
          <span className={styles.grow}>
            <Bdi>{names.queue(c.queue)}</Bdi>
          </span>
          <span className={styles.quiet}>{t('desk.promised', { time: moment(c.promised) })}</span>
          <span>{t('desk.due', { time: moment(c.by) })}</span>
          <Badge appearance="tint" color={c.state === 'trying' ? 'brand' : 'informative'}>
            {word('words', `callback-${c.state}`) ?? c.state}
          </Badge>
          {c.tries > 0 && <span className={styles.quiet}>{t('desk.tries', { count: c.tries })}</span>}
          {atLeast(session.role, 'supervisor') && (
            <Button size="small" onClick={() => cancel.mutate(c.id)}>
              {t('desk.cancel-callback')}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
