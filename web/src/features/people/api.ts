// The people of the tenant's Microsoft directory.

import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { Presence } from '@/shared/agent/presence';
import { api, need } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';

/** Somebody in the directory. */
export type Person = components['schemas']['PersonView'] & {
  presence?: Presence | null;
  /** Id of the user here whose work account it is. */
  user?: string | null;
};

/** The most that the server gives at once. */
export const MOST = 50;
/** People are looked up again so often, in milliseconds: their presence changes. */
const AGAIN = 15_000;

export const peopleQuery = (text: string) =>
  queryOptions({
    queryKey: ['people', text],
    placeholderData: keepPreviousData,
    refetchInterval: AGAIN,
    queryFn: async ({ signal }): Promise<Person[]> =>
      need(api.GET('/api/v1/directory/users', { params: { query: { q: text, limit: String(MOST) } }, signal })),
  });
