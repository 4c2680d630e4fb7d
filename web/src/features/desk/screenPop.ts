import { queryOptions } from '@tanstack/react-query';
import { api, need } from '@/shared/api/client';
import { isAbsent } from '@/shared/api/problem';

/** The page that the queue opens for a call; null if none, or none that is safe to open. */
export const screenPopQuery = (agent: string, call: string) =>
  queryOptions({
    queryKey: ['screen-pop', agent, call],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      try {
        const view = await need(api.GET('/api/v1/agents/{id}/state', { signal, params: { path: { id: agent } } }));
        return view.screen_pop?.startsWith('https://') ? view.screen_pop : null;
      } catch (e) {
        if (isAbsent(e)) return null;
        throw e;
      }
    },
  });
