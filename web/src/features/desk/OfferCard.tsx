import { Button, makeStyles, mergeClasses, ProgressBar } from '@fluentui/react-components';
import { Call20Filled, CallEnd20Filled, Open20Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { queuesQuery, useNames } from '@/shared/api/names';
import type { AgentView } from '@/shared/api/types';
import { decisionText } from '@/shared/calls/words';
import { useNow } from '@/shared/format/now';
import { useI18n } from '@/shared/i18n';
import { keysOf, useShortcut } from '@/shared/keys';
import { answer, decline, usePhone } from '@/shared/softphone/phone';
import { useSay } from '@/shared/ui/toasts';
import { Caller } from './Caller';
import { useDetail } from './detail';
import { SameCaller } from './SameCaller';
import { screenPopQuery } from './screenPop';
import { situation, span } from './situation';
import { useCardStyles } from './style';

const useStyles = makeStyles({
  answer: { minWidth: '160px' },
  hint: { alignSelf: 'center' },
});

/** A call that rings for this agent: who, from where, for how long, and why this agent. */
export function OfferCard({ agent, call: id }: { agent: AgentView; call: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const card = useCardStyles();
  const styles = useStyles();
  const say = useSay();
  const names = useNames();
  const call = useDetail(id);
  const phone = usePhone();
  const rings = phone.id === id && (phone.call === 'ringing' || phone.call === 'answering');
  const pick = () => void answer().catch(say.fail);
  const refuse = () => void decline().catch(say.fail);
  useShortcut('KeyA', rings ? pick : null);
  useShortcut('KeyD', rings ? refuse : null);
  const why = call ? situation(call, agent.id).why : null;
  const pop = useQuery(screenPopQuery(agent.id, id)).data;
  return (
    <section className={mergeClasses(card.card, card.lit)} aria-label={t('desk.offered')}>
      <div role="status" className={card.quiet}>
        {t('desk.offered')}
      </div>
      <Caller call={call}>
        <Waited since={call?.began} />
      </Caller>
      {why && <p className={card.why}>{decisionText(why, i18n, names).join(' ')}</p>}
      <RingTime queue={call?.queue ?? null} since={agent.since} />
      <div className={card.row}>
        {rings ? (
          <>
            <Button
              appearance="primary"
              size="large"
              className={styles.answer}
              icon={<Call20Filled />}
              title={keysOf('A')}
              disabled={phone.call === 'answering'}
              onClick={pick}
            >
              {t('desk.answer')}
            </Button>
            <Button size="large" icon={<CallEnd20Filled />} title={keysOf('D')} onClick={refuse}>
              {t('desk.decline')}
            </Button>
          </>
        ) : (
          <span className={styles.hint}>{t('desk.pick-up-phone')}</span>
        )}
        <span className={card.gap} />
        {pop && (
          <a href={pop} target="_blank" rel="noopener noreferrer" className={card.link}>
            <Open20Regular /> {t('desk.open-page')}
          </a>
        )}
      </div>
      <SameCaller call={id} />
    </section>
  );
}

function Waited({ since }: { since: string | undefined }) {
  const { t, length } = useI18n();
  const card = useCardStyles();
  const now = useNow();
  if (!since) return null;
  return <span className={card.quiet}>{t('desk.here-for', { time: length(Math.floor((now - Date.parse(since)) / 1_000) * 1_000) })}</span>;
}

/** How much of the ring time is left. */
function RingTime({ queue, since }: { queue: string | null; since: string }) {
  const { t } = useI18n();
  const queues = useQuery(queuesQuery).data;
  const now = useNow();
  const whole = span(queues?.find((q) => q.id === queue)?.ring_time);
  if (!whole) return null;
  const gone = Math.min(1, Math.max(0, (now - Date.parse(since)) / whole));
  return <ProgressBar value={1 - gone} thickness="large" aria-label={t('desk.ring-time')} />;
}
