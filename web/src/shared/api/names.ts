// Names of people, queues and numbers. The API speaks of them by id.

import { queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, ask, need } from './client';
import { meQuery } from './me';
import { isAbsent } from './problem';
import type { DispositionObject, NamedObject, NumberObject, QueueObject, UserObject } from './types';

/** Names change seldom. Milliseconds. */
const FRESH = 60_000;

interface DirectoryEntry {
  id: string;
  name?: string;
  kind?: string;
}

// Somebody without the right to see the configuration still may see whom a call can go to.
async function orDirectory<T>(wanted: Promise<unknown>, kind: 'agent' | 'queue'): Promise<T[]> {
  try {
    return (await wanted) as T[];
  } catch (e) {
    if (!isAbsent(e)) throw e;
  }
  try {
    const found = await ask<DirectoryEntry[] | { items: DirectoryEntry[] }>('GET', '/directory', { query: { q: '' } });
    const list = Array.isArray(found) ? found : found.items;
    return list.filter((entry) => entry.kind === kind) as T[];
  } catch (e) {
    if (isAbsent(e)) return [];
    throw e;
  }
}

async function orElse<T>(wanted: Promise<unknown>, other: () => Promise<T[]>): Promise<T[]> {
  try {
    return (await wanted) as T[];
  } catch (e) {
    if (isAbsent(e)) return other();
    throw e;
  }
}

const nothing = async () => [];

export const usersQuery = queryOptions({
  queryKey: ['users'],
  staleTime: FRESH,
  queryFn: ({ signal }) => orDirectory<UserObject>(need(api.GET('/api/v1/users', { signal })), 'agent'),
});

export const queuesQuery = queryOptions({
  queryKey: ['queues'],
  staleTime: FRESH,
  queryFn: ({ signal }) => orDirectory<QueueObject>(need(api.GET('/api/v1/queues', { signal })), 'queue'),
});

export const numbersQuery = queryOptions({
  queryKey: ['numbers'],
  staleTime: FRESH,
  queryFn: ({ signal }) => orElse<NumberObject>(need(api.GET('/api/v1/numbers', { signal })), nothing),
});

export const dispositionsQuery = queryOptions({
  queryKey: ['dispositions'],
  staleTime: FRESH,
  queryFn: ({ signal, client }) =>
    orElse<DispositionObject>(
      need(api.GET('/api/v1/dispositions', { signal })),
      async () => (await client.fetchQuery(meQuery))?.dispositions ?? [],
    ),
});

export const secureEntriesQuery = queryOptions({
  queryKey: ['secure-entries'],
  staleTime: FRESH,
  queryFn: ({ signal, client }) =>
    orElse<NamedObject>(
      need(api.GET('/api/v1/secure-entries', { signal })),
      async () => ((await client.fetchQuery(meQuery))?.secure_entries ?? []).map((id) => ({ id })),
    ),
});

export interface Names {
  user: (id: string | null | undefined) => string;
  queue: (id: string | null | undefined) => string;
  number: (id: string | null | undefined) => string;
}

function lookup(list: readonly NamedObject[] | undefined): (id: string | null | undefined) => string {
  const names = new Map(list?.map((o) => [o.id, o.name]));
  return (id) => (id ? names.get(id) || id : '');
}

/** Names by id; an id stands for itself until its name is known. */
export function useNames(): Names {
  const users = useQuery(usersQuery).data;
  const queues = useQuery(queuesQuery).data;
  const numbers = useQuery(numbersQuery).data;
  return useMemo(() => {
    const dialled = new Map(numbers?.map((n) => [n.id, n.number]));
    return {
      user: lookup(users),
      queue: lookup(queues),
      number: (id) => (id ? (dialled.get(id) ?? id) : ''),
    };
  }, [users, queues, numbers]);
}
