import { lazy, Suspense, useEffect, type ReactNode } from 'react';
import type { AgentView } from '@/shared/api/types';
import { useShortcut } from '@/shared/keys';
import { Loading } from '@/shared/ui/Feedback';
import { useBegin } from './begin';
import { IdleCard } from './IdleCard';

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
  useEffect(() => {
    const timer = setTimeout(() => void Promise.all([parts.offer(), parts.call(), parts.wrapUp()]).catch(() => undefined), LATER);
    return () => clearTimeout(timer);
  }, []);
  return <Suspense fallback={<Loading />}>{cardOf(agent)}</Suspense>;
}

function cardOf(agent: AgentView): ReactNode {
  if (agent.call && agent.state === 'offered') return <OfferCard key={agent.call} agent={agent} call={agent.call} />;
  if (agent.call && agent.state === 'talking') return <CallCard key={agent.call} agent={agent} call={agent.call} />;
  if (agent.call && agent.state === 'wrap-up') return <WrapUpCard key={agent.call} agent={agent} call={agent.call} />;
  return <IdleCard agent={agent} />;
}
