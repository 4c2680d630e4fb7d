// Where a call can go: the directory of the server, or, where it has none, whom this page knows.

import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { useAbilities } from '@/shared/api/abilities';
import { ask } from '@/shared/api/client';
import { queuesQuery, usersQuery } from '@/shared/api/names';
import { fold } from '@/shared/format/text';
import { useLive, type LiveState } from '@/shared/live/store';
import { useSession } from '@/shared/session';

export interface Target {
  kind: 'agent' | 'queue';
  id: string;
  name: string;
  /** Of an agent; missing if it is not known here. */
  state?: string;
  /** Of a queue. */
  waiting?: number;
}

/** The most that are listed: more letters find the others. */
const MOST = 40;

const directoryQuery = (text: string, on: boolean) =>
  queryOptions({
    queryKey: ['directory', text],
    enabled: on,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const found = await ask<Target[] | { items: Target[] }>('GET', '/directory', { signal, query: { q: text } });
      return Array.isArray(found) ? found : found.items;
    },
  });

const noAgents: LiveState['agents'] = new Map();
const noQueues: LiveState['queues'] = new Map();

export function useTargets(text: string): Target[] {
  const { agent } = useSession();
  const has = useAbilities()('get', '/directory');
  const found = useQuery(directoryQuery(text, has)).data;
  const users = useQuery(usersQuery).data;
  const queues = useQuery(queuesQuery).data;
  const agents = useLive(useCallback((s: LiveState) => (has ? noAgents : s.agents), [has]));
  const waits = useLive(useCallback((s: LiveState) => (has ? noQueues : s.queues), [has]));
  return useMemo(() => {
    if (has) return (found ?? []).filter((target) => target.id !== agent || target.kind !== 'agent').slice(0, MOST);
    const fits = (id: string, name: string) => fold(`${name} ${id}`).includes(fold(text));
    const people = (users ?? [])
      .filter((u) => u.id !== agent && (u.roles ?? ['agent']).includes('agent') && fits(u.id, u.name ?? ''))
      .map((u): Target => {
        const state = agents.get(u.id)?.state;
        return { kind: 'agent', id: u.id, name: u.name || u.id, ...(state ? { state } : {}) };
      });
    const lines = (queues ?? [])
      .filter((q) => fits(q.id, q.name ?? ''))
      .map((q): Target => {
        const waiting = waits.get(q.id)?.waiting;
        return { kind: 'queue', id: q.id, name: q.name || q.id, ...(waiting === undefined ? {} : { waiting }) };
      });
    // Whoever is free stands first: the others cannot be asked.
    const rank = (target: Target) => (target.state === undefined || target.state === 'available' ? 0 : 1);
    people.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
    return [...lines, ...people].slice(0, MOST);
  }, [has, found, users, queues, agents, waits, agent, text]);
}
