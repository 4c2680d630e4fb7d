import { queryOptions } from '@tanstack/react-query';
import { ask } from './client';
import { isAbsent } from './problem';
import type { DispositionObject } from './types';

/** What the server says to whoever is signed in, for their own work. */
export interface Me {
  break_reasons?: string[];
  dispositions?: DispositionObject[];
  /** Ids. */
  secure_entries?: string[];
  /** Figures since midnight, where the server gives them here. */
  today?: Record<string, number>;
}

/** Null where the server does not say it, or where a token belongs to nobody. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  staleTime: 15_000,
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await ask<Me>('GET', '/agents/me', { signal });
    } catch (e) {
      if (isAbsent(e)) return null;
      throw e;
    }
  },
});
