// Who is available here and not rung all the same, because of what Microsoft Teams says of them.

import { useCallback } from 'react';
import { keepsCallsAway } from '@/shared/agent/presence';
import type { AgentView } from '@/shared/api/types';
import { useLive, type LiveState } from '@/shared/live/store';

/** Whether somebody is free by their own state, and busy in Teams. */
export function isKept({ state, presence }: Pick<AgentView, 'state' | 'presence'>): boolean {
  return state === 'available' && presence != null && keepsCallsAway(presence);
}

/** How many of these are, by queue; all of them together stand under the empty id. */
export function countKept(agents: Iterable<AgentView>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const agent of agents) {
    if (!isKept(agent)) continue;
    for (const id of ['', ...agent.queues]) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

// Each card of a queue asks: the agents are looked through once a change, and not once a card.
let counted: { of: LiveState['agents']; counts: ReadonlyMap<string, number> } | null = null;

function countsOf(agents: LiveState['agents']): ReadonlyMap<string, number> {
  if (counted?.of !== agents) counted = { of: agents, counts: countKept(agents.values()) };
  return counted.counts;
}

/** How many members of a queue are available and busy in Teams; of all agents without a queue. */
export function useKept(queue = ''): number {
  return useLive(useCallback((s: LiveState) => countsOf(s.agents).get(queue) ?? 0, [queue]));
}
