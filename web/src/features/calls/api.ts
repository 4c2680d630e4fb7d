import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, ask, need } from '@/shared/api/client';
import type { CallView } from '@/shared/api/types';

/** Calls of one page. */
const PAGE = 60;

export interface CallList {
  items: CallView[];
  next?: string | null;
}

/** What the server chooses by; the rest is chosen here. */
export interface Filter {
  queue?: string | undefined;
  agent?: string | undefined;
  with?: string | undefined;
}

export const callsQuery = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ['calls', filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => {
      const query: Record<string, string> = { limit: String(PAGE) };
      if (filter.queue) query.queue = filter.queue;
      if (filter.agent) query.agent = filter.agent;
      if (filter.with) query.with_same_caller_as = filter.with;
      if (pageParam) query.cursor = pageParam;
      return ask<CallList>('GET', '/calls', { query, signal });
    },
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const explanationQuery = (id: string) =>
  queryOptions({
    queryKey: ['call', id, 'explanation'],
    staleTime: Infinity,
    queryFn: ({ signal }) => need(api.GET('/api/v1/calls/{id}/explanation', { signal, params: { path: { id } } })),
  });
