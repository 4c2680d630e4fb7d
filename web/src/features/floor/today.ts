// What the queues did since midnight: the live figures know only how things stand now.

import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, need } from '@/shared/api/client';
import type { QueueRow } from '@/shared/api/types';
import { midnight, offset } from '@/shared/format/time';

/** How often the figures are asked for anew, in milliseconds. */
const EVERY = 15_000;

const todayQuery = queryOptions({
  queryKey: ['floor', 'today'],
  refetchInterval: EVERY,
  queryFn: async ({ signal }) => {
    const from = midnight(Date.now());
    const query = { from: from.toISOString(), by: 'total', zone: offset(from) };
    const report = await need(api.GET('/api/v1/reports/queues', { signal, params: { query } }));
    return new Map(report.rows.map((row) => [row.queue, row]));
  },
});

/** Rows by queue; empty until they are here, and where they may not be seen. */
export function useToday(): ReadonlyMap<string, QueueRow> {
  return useQuery(todayQuery).data ?? new Map<string, QueueRow>();
}

/** Service level SL1 over several queues: of their sums, not the mean of their shares. Null before the first. */
export function serviceLevel(rows: Iterable<QueueRow>): number | null {
  let [good, all] = [0, 0];
  for (const r of rows) {
    good += r.answered_within;
    all += r.answered + r.abandoned - Math.min(r.abandoned_within, r.abandoned);
  }
  return all > 0 ? good / all : null;
}
