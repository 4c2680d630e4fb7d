// The people of the tenant's Microsoft directory.

import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Presence } from '@/shared/agent/presence';
import { api, ask, need } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';
import { useI18n } from '@/shared/i18n';
import { useSay } from '@/shared/ui/toasts';

/** Somebody in the directory. */
export type Person = components['schemas']['PersonView'] & {
  presence?: Presence | null;
  /** Id of the user here whose work account it is. */
  user?: string | null;
  /** Where they come from; left out by servers that know only Microsoft's. */
  origin?: string;
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

/** Somebody whom an owner enters beside Microsoft's people. */
export interface Entry {
  name: string;
  mail: string;
  business: string[];
  mobile: string;
}

/** Keeping and erasing entries; `done` is told when it worked. */
export function useEntries(done: () => void) {
  const { t } = useI18n();
  const say = useSay();
  const queries = useQueryClient();
  const after = (text: string) => () => {
    say.done(text);
    void queries.invalidateQueries({ queryKey: ['people'] });
    done();
  };
  const keep = useMutation({
    mutationFn: ({ id, entry }: { id: string | null; entry: Entry }) =>
      id === null ? ask('POST', '/directory/local', { body: entry }) : ask('PUT', `/directory/local/${encodeURIComponent(id)}`, { body: entry }),
    onError: say.fail,
    onSuccess: after(t('people.entry-kept')),
  });
  const erase = useMutation({
    mutationFn: (id: string) => ask('DELETE', `/directory/local/${encodeURIComponent(id)}`),
    onError: say.fail,
    onSuccess: after(t('people.entry-erased')),
  });
  return { keep, erase };
}
