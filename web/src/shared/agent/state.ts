// The state of an agent: asking for another one, and why somebody takes a break.

import { useMutation, useQuery } from '@tanstack/react-query';
import { api, need } from '@/shared/api/client';
import { meQuery } from '@/shared/api/me';
import type { AgentView } from '@/shared/api/types';
import type { I18n } from '@/shared/i18n';
import { useSession } from '@/shared/session';
import { useSay } from '@/shared/ui/toasts';

export type Wanted = { state: 'available' | 'break' | 'offline'; reason?: string };

/** Why agents take breaks, as far as the server tells. */
export function useBreakReasons(): readonly string[] {
  return useQuery(meQuery).data?.break_reasons ?? [];
}

export function useSetState(agent: string | null) {
  const say = useSay();
  const session = useSession();
  return useMutation({
    mutationFn: async (wanted: Wanted): Promise<AgentView> => {
      if (!agent) throw new Error('nobody to set a state for');
      const id = session.role === 'agent' && agent === session.agent ? 'me' : agent;
      return need(
        api.PUT('/api/v1/agents/{id}/state', {
          params: { path: { id } },
          body: { state: wanted.state, reason: wanted.reason ?? null },
        }),
      );
    },
    onError: say.fail,
  });
}

/** A state in words: with the reason of a break. */
export function stateText(agent: Pick<AgentView, 'state' | 'reason'>, i18n: I18n): string {
  if (agent.state === 'break' && agent.reason) return i18n.t('app.break-reason', { reason: agent.reason });
  return i18n.word('words', `state-${agent.state}`) ?? agent.state;
}
