// What the system pages ask for: trunks and how they stand, what Microsoft is asked for, how the connection to it stands.

import { queryOptions, useQuery } from '@tanstack/react-query';
import { useAbilities } from '@/shared/api/abilities';
import { api, ask, need } from '@/shared/api/client';
import { isAbsent } from '@/shared/api/problem';
import type { components } from '@/shared/api/schema';

type Schemas = components['schemas'];

export type TrunkStatus = Schemas['TrunkStatus'];
export type FarEndStatus = Schemas['FarEndStatus'];

/** A line of what Microsoft is asked for. */
export type Permission = Schemas['PermissionView'] & {
  /** Whether Microsoft granted it; missing where that is not known. */
  granted?: boolean | null;
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

/** What the server says of its connection to Microsoft, where it has a guided one. */
export interface Connection {
  /** Id of the connected Microsoft tenant. */
  directory?: string | null;
  /** Where an administrator of the Microsoft tenant consents. */
  consent?: string | null;
  /** Whether consent was given. */
  consented?: boolean | null;
  /** Granted to us and needed by nothing. */
  surplus?: string[] | null;
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
  return useQuery({ ...connectionQuery, enabled: can('get', '/microsoft/connect') }).data ?? null;
}

export const waysQuery = queryOptions({
  queryKey: ['ways'],
  queryFn: ({ signal }) => need(api.GET('/api/v1/session/ways', { signal })),
});
