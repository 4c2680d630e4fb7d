// What the pages of proof ask for.

import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ask, askText, need } from '@/shared/api/client';
import { ApiError } from '@/shared/api/problem';
import type { components } from '@/shared/api/schema';
import { useSay } from '@/shared/ui/toasts';
import { ChainCheck, type ChainReport, type EntryLine, type HeadLine } from './chain';
import { laidOut, type Attestation } from './paper';

type Schemas = components['schemas'];
export type AuditEntry = Schemas['Entry'];
export type Progress = Schemas['Progress'];
export type Backup = Schemas['BackupView'];

export const backupsQuery = queryOptions({
  queryKey: ['backups'],
  queryFn: ({ signal }) => need(api.GET('/api/v1/backups', { signal })),
});

/** How long an attestation may take, in milliseconds: its checks connect, plant and search. */
const PATIENCE = 300_000;

/** An attestation, and the same as the file that verifies. */
export interface Made {
  paper: Attestation;
  file: string;
}

const MADE = ['attestation'];

const read = (text: string): Made => ({ paper: JSON.parse(text) as Attestation, file: laidOut(text) });

/** The newest attestation; null where there is none. */
export const madeQuery = queryOptions<Made | null>({
  queryKey: MADE,
  queryFn: async () => {
    // Where no check ever began there is none: that is asked first, so that a page just opened meets no error.
    if ((await ask<Progress>('GET', '/attestation')).of === 0) return null;
    return askText('GET', '/attestation/newest').then(read, (e: unknown) => {
      if (e instanceof ApiError && e.status === 404) return null;
      throw e;
    });
  },
  staleTime: Infinity,
  gcTime: Infinity,
});

/** The same for reading, in one of the languages of the web app. */
export const readable = (language: string): Promise<string> => askText('GET', `/attestation/newest?format=markdown&language=${encodeURIComponent(language)}`);

/** How far the checks are, while they run. */
export const progressQuery = (runs: boolean) =>
  queryOptions<Progress>({ queryKey: ['attestation-progress'], queryFn: () => ask<Progress>('GET', '/attestation'), enabled: runs, refetchInterval: 1_000, gcTime: 0, retry: false });

/** What an attestation is asked for with: the operator's answers, and the checks to run; with none named, all of them. */
export interface Wanted {
  declared?: unknown;
  checks: readonly string[];
}

/** Makes an attestation anew. */
export function useAttest() {
  const queries = useQueryClient();
  const say = useSay();
  return useMutation({
    mutationFn: async ({ declared, checks }: Wanted): Promise<Made> => read(await askText('POST', '/attestation', { body: { declared: declared ?? null, checks }, patience: PATIENCE })),
    onSuccess: (made) => queries.setQueryData(MADE, made),
    onError: say.fail,
  });
}

/** What is looked for in the audit log; empty for anything. */
export interface AuditSearch {
  who: string;
  action: string;
  object: string;
  /** Days as `2026-11-20`, both of them included. */
  from: string;
  to: string;
}

/** Entries that are shown at once. */
const PAGE = 100;

const midnight = (day: string, days: number) => {
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + days);
  return at.toISOString();
};

export const auditQuery = (search: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ['audit', search],
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Schemas['AuditList']) => page.next ?? undefined,
    queryFn: ({ pageParam, signal }) =>
      need(
        api.GET('/api/v1/audit', {
          signal,
          params: {
            query: {
              limit: String(PAGE),
              ...(pageParam ? { cursor: pageParam } : {}),
              ...(search.who ? { who: search.who } : {}),
              ...(search.action ? { action: search.action } : {}),
              ...(search.object ? { object: search.object } : {}),
              ...(search.from ? { from: midnight(search.from, 0) } : {}),
              ...(search.to ? { to: midnight(search.to, 1) } : {}),
            },
          },
        }),
      ),
  });

interface Walked {
  tenant: string;
  key: string;
  heads: HeadLine[];
}

/** Reads the whole log, oldest first. */
async function walk(each: (entry: EntryLine) => Promise<void> | void): Promise<Walked> {
  let after = 0;
  for (;;) {
    const page = await ask<Schemas['Chain']>('GET', '/audit/chain', { query: { after: String(after) } });
    for (const entry of page.entries) await each(entry);
    if (page.next == null || page.next <= after) return { tenant: page.tenant, key: page.key, heads: page.heads };
    after = page.next;
  }
}

export interface Checked extends ChainReport {
  key: string;
}

/** Checks the whole log here; `progress` is told how many entries were read. */
export async function checkChain(progress: (entries: number) => void): Promise<Checked> {
  const check = new ChainCheck();
  const { heads, key, tenant } = await walk(async (entry) => {
    await check.entry(entry);
    if (check.entries % 100 === 0) progress(check.entries);
  });
  return { ...(await check.end(heads, key, tenant)), key };
}

/** The whole log as a file for `switchroom audit verify`; its end is signed first. */
export async function auditFile(): Promise<{ name: string; text: string }> {
  const { head: end } = await ask<HeadLine>('POST', '/audit/heads');
  const lines: unknown[] = [];
  // What happens meanwhile is vouched for by the next head only.
  const { tenant, key, heads } = await walk((entry) => void (entry.entry <= end && lines.push(entry)));
  const all = [{ switchroom_audit_log: 1, tenant, key }, ...lines, ...heads];
  return { name: `audit-${tenant}.jsonl`, text: all.map((line) => `${JSON.stringify(line)}\n`).join('') };
}
