// What this server can do, by its own description: parts that it lacks are not shown.

import { queryOptions, useQuery } from '@tanstack/react-query';
import { ask } from './client';

interface Description {
  paths: Record<string, Record<string, unknown>>;
}

const descriptionQuery = queryOptions({
  queryKey: ['openapi'],
  staleTime: Infinity,
  queryFn: async ({ signal }) => {
    const { paths } = await ask<Description>('GET', '/openapi.json', { signal });
    const all = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path.replace('/api/v1', '').replace(/\{\w+\}/g, '{}')}`),
    );
    return new Set(all);
  },
});

/** Whether the server has an operation: `can('get', '/calls/{}/notes')`. False while that is not known yet. */
export function useAbilities(): (method: 'get' | 'put' | 'post' | 'delete', path: string) => boolean {
  const { data } = useQuery(descriptionQuery);
  return (method, path) => data?.has(`${method} ${path}`) ?? false;
}

/** Whether it is known by now what the server can do, or cannot be known. */
export function useAbilitiesKnown(): boolean {
  return !useQuery(descriptionQuery).isPending;
}
