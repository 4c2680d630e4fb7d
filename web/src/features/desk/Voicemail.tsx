import { Badge, Button, makeStyles, tokens } from '@fluentui/react-components';
import { Delete20Regular, MailRead20Regular, MailUnread20Regular } from '@fluentui/react-icons';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, need } from '@/shared/api/client';
import { useNames } from '@/shared/api/names';
import { isAbsent } from '@/shared/api/problem';
import type { MessageView } from '@/shared/api/types';
import { Player } from '@/shared/audio/Player';
import { useI18n } from '@/shared/i18n';
import { useAgent } from '@/shared/live/store';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { useSay } from '@/shared/ui/toasts';

const useStyles = makeStyles({
  list: { padding: 0, listStyleType: 'none' },
  item: { padding: '8px 0', ':not(:last-child)': { borderBottom: `1px solid ${tokens.colorNeutralStroke3}` } },
  row: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '4px 12px' },
  grow: { flexGrow: 1 },
  quiet: { color: tokens.colorNeutralForeground2 },
  player: { paddingTop: '8px' },
});

const messagesQuery = (boxes: readonly string[]) =>
  queryOptions({
    queryKey: ['messages', ...boxes],
    refetchInterval: 30_000,
    queryFn: async ({ signal }) => {
      const found = await Promise.all(
        boxes.map(async (mailbox) => {
          try {
            return (await need(api.GET('/api/v1/messages', { signal, params: { query: { mailbox } } }))).items;
          } catch (e) {
            // Not every person and queue has a box.
            if (isAbsent(e)) return [];
            throw e;
          }
        }),
      );
      const isNew = (m: MessageView) => (m.heard ? 1 : 0);
      return found.flat().sort((a, b) => isNew(a) - isNew(b) || (a.at < b.at ? 1 : -1));
    },
  });

/** Messages in the box of this agent and of their queues. */
export function Voicemail({ agent }: { agent: string }) {
  const { t } = useI18n();
  const styles = useStyles();
  const queues = useAgent(agent)?.queues ?? [];
  const found = useQuery(messagesQuery([agent, ...queues]));
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (found.data.length === 0) return <Empty>{t('desk.no-messages')}</Empty>;
  return (
    <ul className={styles.list}>
      {found.data.map((m) => (
        <Message key={m.id} message={m} own={m.mailbox === agent} />
      ))}
    </ul>
  );
}

function Message({ message, own }: { message: MessageView; own: boolean }) {
  const { t, moment, length } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const say = useSay();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const changed = () => queries.invalidateQueries({ queryKey: ['messages'] });
  const mark = useMutation({
    mutationFn: async (heard: boolean) => {
      await need(api.PUT('/api/v1/messages/{id}', { params: { path: { id: message.id } }, body: { heard } }));
    },
    onError: say.fail,
    onSettled: changed,
  });
  const remove = useMutation({
    mutationFn: async () => {
      await need(api.DELETE('/api/v1/messages/{id}', { params: { path: { id: message.id } } }));
    },
    onError: say.fail,
    onSettled: changed,
  });
  const heard = Boolean(message.heard);
  return (
    <li className={styles.item}>
      <div className={styles.row}>
        {!heard && (
          <Badge appearance="filled" color="brand">
            {t('desk.new-message')}
          </Badge>
        )}
        <span>{moment(message.at)}</span>
        <span className={styles.quiet}>{length(message.length_ms)}</span>
        <span className={styles.grow}>{own ? t('desk.my-box') : <Bdi>{names.queue(message.mailbox)}</Bdi>}</span>
        <Button size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t('desk.hear')}
        </Button>
        <Button
          size="small"
          appearance="subtle"
          icon={heard ? <MailUnread20Regular /> : <MailRead20Regular />}
          aria-label={t(heard ? 'desk.mark-new' : 'desk.mark-heard')}
          title={t(heard ? 'desk.mark-new' : 'desk.mark-heard')}
          onClick={() => mark.mutate(!heard)}
        />
        <Button
          size="small"
          appearance="subtle"
          icon={<Delete20Regular />}
          aria-label={t('desk.delete-message')}
          title={t('desk.delete-message')}
          onClick={() => remove.mutate()}
        />
      </div>
      {open && (
        <div className={styles.player}>
          <Player recording={message.id} channels={[t('calls.channel-customer')]} heard={() => !heard && mark.mutate(true)} />
        </div>
      )}
    </li>
  );
}
