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
  disposition?: string | undefined;
  /** Days, as 2026-11-20, where the browser is. */
  from?: string | undefined;
  to?: string | undefined;
  /** A number; it stands in no address of a page. */
  caller?: string | undefined;
}

/** The moment at which a day begins here, so many days later. */
function midnight(day: string, later = 0): string | undefined {
  const [year, month, date] = day.split('-').map(Number);
  const at = new Date(year ?? NaN, (month ?? NaN) - 1, (date ?? NaN) + later);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** What the server is asked for. */
export function queryOf(filter: Filter): Record<string, string> {
  const query: Record<string, string | undefined> = {
    queue: filter.queue,
    agent: filter.agent,
    with_same_caller_as: filter.with,
    disposition: filter.disposition,
    caller: filter.caller,
    from: filter.from && midnight(filter.from),
    // The last day is meant whole.
    to: filter.to && midnight(filter.to, 1),
  };
  return Object.fromEntries(Object.entries(query).filter((one): one is [string, string] => !!one[1]));
}

export const callsQuery = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ['calls', filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => {
      const query: Record<string, string> = { ...queryOf(filter), limit: String(PAGE) };
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
