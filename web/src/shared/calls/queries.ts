import { queryOptions } from '@tanstack/react-query';
import { api, need } from '@/shared/api/client';
import type { CallDetail } from '@/shared/api/types';

export const callQuery = (id: string) =>
  queryOptions({
    queryKey: ['call', id],
    queryFn: ({ signal }) => need(api.GET('/api/v1/calls/{id}', { signal, params: { path: { id } } })),
  });

/** Whether somebody is in a call to supervise it; null while that is not known yet. */
export function supervises(call: CallDetail | undefined, agent: string | null): boolean | null {
  if (!call) return null;
  return call.legs.some((leg) => leg.agent === agent && leg.role === 'supervisor' && !leg.ended);
}
