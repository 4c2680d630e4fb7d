// The state of an agent: asking for another one, and why somebody takes a break.

import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { api, ask, need } from '@/shared/api/client';
import { isAbsent } from '@/shared/api/problem';
import type { AgentView } from '@/shared/api/types';
import type { I18n } from '@/shared/i18n';
import { useSession } from '@/shared/session';
import { useSay } from '@/shared/ui/toasts';

export type Wanted = { state: 'available' | 'break' | 'offline'; reason?: string };

/** What the server says to the agent of this session; parts that it does not say are missing. */
export interface Me {
  break_reasons?: string[];
  [more: string]: unknown;
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  staleTime: 15_000,
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await ask<Me>('GET', '/agents/me', { signal });
    } catch (e) {
      if (isAbsent(e)) return null;
      throw e;
    }
  },
});

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
