import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, type ReactNode } from 'react';
import type { AgentView } from '@/shared/api/types';
import { callQuery, supervises } from '@/shared/calls/queries';
import { useI18n } from '@/shared/i18n';
import { useShortcut } from '@/shared/keys';
import { Loading } from '@/shared/ui/Feedback';
import { useBegin } from './begin';
import { useFirstCall } from './firstCall';
import { IdleCard } from './IdleCard';
import { useCardStyles } from './style';

// What a call needs is loaded after the desk is there, so that the desk is there sooner and a call finds all of it.
const parts = {
  offer: () => import('./OfferCard'),
  call: () => import('./CallCard'),
  wrapUp: () => import('./WrapUpCard'),
};
const OfferCard = lazy(async () => ({ default: (await parts.offer()).OfferCard }));
const CallCard = lazy(async () => ({ default: (await parts.call()).CallCard }));
const WrapUpCard = lazy(async () => ({ default: (await parts.wrapUp()).WrapUpCard }));

/** So long after the desk, in milliseconds. */
const LATER = 300;

/** The one thing that an agent does now. */
export function Work({ agent }: { agent: AgentView }) {
  const { begin } = useBegin(agent.id);
  useShortcut('KeyV', begin);
  useFirstCall(agent);
  useEffect(() => {
    const timer = setTimeout(() => void Promise.all([parts.offer(), parts.call(), parts.wrapUp()]).catch(() => undefined), LATER);
    return () => clearTimeout(timer);
  }, []);
  return <Suspense fallback={<Loading />}>{cardOf(agent)}</Suspense>;
}

function cardOf(agent: AgentView): ReactNode {
  if (agent.call && agent.state === 'offered') return <OfferCard key={agent.call} agent={agent} call={agent.call} />;
  if (agent.call && agent.state === 'talking') return <Talking key={agent.call} agent={agent} call={agent.call} />;
  if (agent.call && agent.state === 'wrap-up') return <WrapUpCard key={agent.call} agent={agent} call={agent.call} />;
  return <IdleCard agent={agent} />;
}

/** One's own call; whoever supervises another's finds it on the floor. */
function Talking({ agent, call }: { agent: AgentView; call: string }) {
  const { t } = useI18n();
  const card = useCardStyles();
  const detail = useQuery(callQuery(call)).data;
  if (!supervises(detail, agent.id)) return <CallCard agent={agent} call={call} />;
  return (
    <section className={card.card}>
      <h2 className={card.name}>{t('desk.supervising')}</h2>
      <Link to="/floor" className={card.link}>
        {t('app.to-floor')}
      </Link>
    </section>
  );
}
