import { queryOptions } from '@tanstack/react-query';
import { api, bytes, need } from '@/shared/api/client';
import type { AgentRow, QueueRow } from '@/shared/api/types';
import type { Span } from './series';

export interface Report<R> {
  formulas: Record<string, string>;
  rows: R[];
}

type By = 'interval' | 'day' | 'total';

const asked = (span: Span, by: By) => ({ from: span.from, to: span.to, zone: span.zone, by });

export const queueReport = (span: Span, by: By) =>
  queryOptions({
    queryKey: ['reports', 'queues', span, by],
    queryFn: async ({ signal }): Promise<Report<QueueRow>> =>
      need(api.GET('/api/v1/reports/queues', { signal, params: { query: asked(span, by) } })),
  });

export const agentReport = (span: Span) =>
  queryOptions({
    queryKey: ['reports', 'agents', span],
    queryFn: async ({ signal }): Promise<Report<AgentRow>> =>
      (await need(api.GET('/api/v1/reports/agents', { signal, params: { query: asked(span, 'total') } }))) as unknown as Report<AgentRow>,
  });

/** Saves a report as CSV: fetched first, because a link cannot send a token. */
export async function saveCsv(kind: 'queues' | 'agents', span: Span, by: By): Promise<void> {
  const query = new URLSearchParams({ ...asked(span, by), format: 'csv' });
  const url = URL.createObjectURL(new Blob([await bytes(`/reports/${kind}?${query.toString()}`)], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${kind}-${span.from.slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
