import { queryOptions } from '@tanstack/react-query';
import { api, need } from '@/shared/api/client';

export const callQuery = (id: string) =>
  queryOptions({
    queryKey: ['call', id],
    queryFn: ({ signal }) => need(api.GET('/api/v1/calls/{id}', { signal, params: { path: { id } } })),
  });
