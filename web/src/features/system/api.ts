// What the system pages ask for: trunks and how they stand, what Microsoft is asked for, how the connection to it stands.

import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useAbilities } from '@/shared/api/abilities';
import { api, ask, need } from '@/shared/api/client';
import { isAbsent } from '@/shared/api/problem';
import type { components } from '@/shared/api/schema';
import { useI18n } from '@/shared/i18n';
import { useSession } from '@/shared/session';
import { useSay } from '@/shared/ui/toasts';

type Schemas = components['schemas'];

export type TrunkStatus = Schemas['TrunkStatus'];
export type FarEndStatus = Schemas['FarEndStatus'];

/** A line of what Microsoft is asked for. */
export type Permission = Schemas['PermissionView'] & {
  /** Whether it was granted when that was last seen; null while that is not known. */
  granted?: boolean | null;
  /** Why the feature does not work for want of this permission; null while it works. */
  stopped?: string | null;
};

/** How often pages that show a state ask again, in milliseconds. */
export const AGAIN = 10_000;

interface Trunk {
  id: string;
}

export const trunksQuery = queryOptions({
  queryKey: ['trunks'],
  refetchInterval: AGAIN,
  queryFn: async ({ signal }): Promise<TrunkStatus[]> => {
    const all = (await need(api.GET('/api/v1/trunks', { signal }))) as Trunk[];
    const one = async (id: string) => need(api.GET('/api/v1/trunks/{id}/status', { params: { path: { id } }, signal }));
    return Promise.all(all.map((trunk) => one(trunk.id)));
  },
});

export const permissionsQuery = queryOptions({
  queryKey: ['permissions'],
  queryFn: async ({ signal }): Promise<Permission[]> => need(api.GET('/api/v1/permissions', { signal })),
});

/** An app registration that is needed. */
export interface Registration {
  name: string;
  /** Its application id; null while the server's configuration has none. */
  app: string | null;
  /** Where an administrator of the Microsoft tenant begins to consent; null while there is no app. */
  consent: string | null;
  /** Needed and not granted when it was last seen; null while that is not known. */
  missing: string[] | null;
  /** Granted, and needed by nothing. */
  surplus: string[] | null;
}

/** How the tenant is connected to Microsoft, for owners. */
export interface Connection {
  /** Id of the connected Microsoft tenant. */
  directory: string | null;
  /** Features that are on and ask something of Microsoft. */
  features: string[];
  registrations: Registration[];
}

const connectionQuery = queryOptions({
  queryKey: ['microsoft-connect'],
  queryFn: async ({ signal }): Promise<Connection | null> => {
    try {
      return await ask<Connection>('GET', '/microsoft/connect', { signal });
    } catch (e) {
      if (isAbsent(e)) return null;
      throw e;
    }
  },
});

/** The connection to Microsoft; nothing where the server has no guided one, or not for whoever asks. */
export function useConnection(): Connection | null {
  const can = useAbilities();
  const { role } = useSession();
  return useQuery({ ...connectionQuery, enabled: role === 'owner' && can('get', '/microsoft/connect') }).data ?? null;
}

/** Disconnects the Microsoft tenant: what is kept of it is erased. */
export function useDisconnect() {
  const queries = useQueryClient();
  const say = useSay();
  const { t } = useI18n();
  return useMutation({
    mutationFn: () => ask('DELETE', '/microsoft/connect'),
    onError: say.fail,
    onSuccess: () => {
      say.done(t('system.disconnected'));
      return queries.invalidateQueries();
    },
  });
}

export interface Licence {
  /** Id of the product. */
  sku: string;
  name: string;
  units?: number | null;
  used?: number | null;
  left?: number | null;
}

/** What becomes of one user's licences, or would. */
export interface LicenceChange {
  user: string;
  add: string[];
  remove: string[];
  /** Why not, as sentences. */
  against: string[];
  done: boolean;
}

export const licencesQuery = queryOptions({
  queryKey: ['licences'],
  queryFn: ({ signal }) => ask<{ signed_in: boolean; licences: Licence[] }>('GET', '/microsoft/licences', { signal }),
});

/** The ways of calling with one click. */
export const dialWaysQuery = queryOptions({
  queryKey: ['dial-ways'],
  queryFn: ({ signal }) => need(api.GET('/api/v1/dial', { signal })),
});

export const waysQuery = queryOptions({
  queryKey: ['ways'],
  queryFn: ({ signal }) => need(api.GET('/api/v1/session/ways', { signal })),
});
