// How the copy of the Microsoft directory stands: the menu and several pages ask for it.

import { queryOptions } from '@tanstack/react-query';
import { api, need } from './client';

/** Asked again so often, in milliseconds. */
const AGAIN = 15_000;

export const directoryQuery = queryOptions({
  queryKey: ['directory-status'],
  staleTime: AGAIN,
  queryFn: ({ signal }) => need(api.GET('/api/v1/directory/status', { signal })),
});
