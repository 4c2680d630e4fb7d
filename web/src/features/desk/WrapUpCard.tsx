import { Button, makeStyles, mergeClasses, ProgressBar } from '@fluentui/react-components';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, need } from '@/shared/api/client';
import { queuesQuery } from '@/shared/api/names';
import type { AgentView } from '@/shared/api/types';
import { useSetState } from '@/shared/agent/state';
import { Notes } from '@/shared/calls/Notes';
import { useNow } from '@/shared/format/now';
import { clock } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { keysOf } from '@/shared/keys';
import { useSay } from '@/shared/ui/toasts';
import { Caller } from './Caller';
import { useDetail } from './detail';
import { DispositionPicker } from './DispositionPicker';
import { span } from './situation';
import { useCardStyles } from './style';

const useStyles = makeStyles({
  columns: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 320px), 1fr))', gap: '16px 24px', ':empty': { display: 'none' } },
});

/** Another helping of time, as the API writes it. */
const MORE = '30s';

/** After a call: what it was, what is to be noted, and how long there is for it. */
export function WrapUpCard({ agent, call: id }: { agent: AgentView; call: string }) {
  const { t, word } = useI18n();
  const card = useCardStyles();
  const styles = useStyles();
  const say = useSay();
  const set = useSetState(agent.id);
  const call = useDetail(id);
  const queue = useQuery(queuesQuery).data?.find((q) => q.id === agent.queue);
  const more = useMutation({
    mutationFn: async () => {
      await need(api.POST('/api/v1/agents/{id}/wrap-up', { params: { path: { id: agent.id } }, body: { more: MORE } }));
    },
    onError: say.fail,
  });
  const next = agent.next ? t('app.after-call', { state: word('words', `state-${agent.next}`) ?? agent.next }) : null;
  return (
    <section className={mergeClasses(card.card, card.lit)} aria-label={t('words.state-wrap-up')}>
      <Caller call={call}>
        <Left since={agent.since} whole={span(queue?.wrap_up)} />
      </Caller>
      <div className={styles.columns}>
        <DispositionPicker agent={agent} call={id} />
        <Notes call={id} />
      </div>
      <div className={card.row}>
        <Button appearance="primary" title={keysOf('V')} onClick={() => set.mutate({ state: 'available' })}>
          {t('desk.done-available')}
        </Button>
        <Button onClick={() => set.mutate({ state: 'break' })}>{t('desk.done-break')}</Button>
        {span(queue?.more_wrap_up) ? (
          <Button disabled={more.isPending} onClick={() => more.mutate()}>
            {t('desk.more-time')}
          </Button>
        ) : null}
        {next && <span className={card.quiet}>{next}</span>}
        <span className={card.gap} />
        <Link to="/calls/$id" params={{ id }} className={card.link}>
          {t('desk.open-call')}
        </Link>
      </div>
    </section>
  );
}

/** How long wrap-up lasts still, as far as the queue says it; else how long it has lasted. */
function Left({ since, whole }: { since: string; whole: number | null }) {
  const { t } = useI18n();
  const card = useCardStyles();
  const now = useNow();
  const gone = Math.max(0, now - Date.parse(since));
  const left = whole === null ? null : whole - gone;
  return (
    <span className={card.time}>
      {left !== null && left > 0 ? t('desk.time-left', { time: clock(left) }) : clock(gone)}
      {whole !== null && left !== null && left > 0 && <ProgressBar value={left / whole} aria-label={t('words.state-wrap-up')} />}
    </span>
  );
}
