import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { CallDetail } from '@/shared/api/types';
import { callQuery } from '@/shared/calls/queries';
import { useCall } from '@/shared/live/store';

/** How often a call's detail is asked for while one is in it, in milliseconds: not everything that happens comes live. */
const EVERY = 4_000;

/** Everything of the call that one is in, kept fresh. */
export function useDetail(id: string): CallDetail | undefined {
  const live = useCall(id);
  const { data, refetch } = useQuery({ ...callQuery(id), refetchInterval: EVERY });
  useEffect(() => void refetch(), [live, refetch]);
  return data;
}
