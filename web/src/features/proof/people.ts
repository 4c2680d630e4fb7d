// What is kept of people who called, and what they can ask for; legal holds, and what is due to go.

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ask, bytes, need } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';
import type { I18n } from '@/shared/i18n';
import { useSay } from '@/shared/ui/toasts';

type Schemas = components['schemas'];
export type Person = Schemas['PersonKept'];
export type PersonExport = Schemas['PersonExport'];
export type Erasure = Schemas['Erasure'];
export type Hold = Schemas['HoldView'];

/** What a retention rule would dispose of now. */
export interface Due {
  class: string;
  calls: number;
  /** Of classes that are not of calls. */
  rows: number;
  held: number;
  next_due: string | null;
}

/** What a run did by a rule. */
export interface Disposed {
  calls: number;
  held: number;
  recordings: number;
  people: number;
}

/** The longest reason or name that the server takes, in characters. */
export const LONGEST = 500;

/** By what people can be looked for. */
export const BY = ['number', 'name', 'address'] as const;
export type By = (typeof BY)[number];

/** Why somebody is erased: the words of the server, which stay in the audit log. */
export const REASONS = ['requested', 'objected', 'consent-withdrawn', 'no-longer-needed', 'unlawful', 'required-by-law'] as const;
export type Reason = (typeof REASONS)[number];

/** Looks for people by a number, words of a name or an address. The server notes it. */
export const find = ({ by, text }: { by: By; text: string }): Promise<Person[]> => need(api.POST('/api/v1/people/find', { body: { number: null, name: null, address: null, [by]: text } }));

/** Everything that is kept of a person. The server notes it. */
export const everything = (id: string): Promise<PersonExport> => need(api.GET('/api/v1/people/{id}', { params: { path: { id } } }));

export function useChange(done: (person: Person) => void) {
  const say = useSay();
  return useMutation({
    mutationFn: ({ id, name, restricted, objected }: { id: string; name?: string; restricted?: boolean; objected?: boolean }) =>
      need(api.PATCH('/api/v1/people/{id}', { params: { path: { id } }, body: { name: name ?? null, restricted: restricted ?? null, objected: objected ?? null } })),
    onSuccess: done,
    onError: say.fail,
  });
}

export function useErase(done: (erasure: Erasure) => void) {
  const say = useSay();
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: Reason }) => need(api.DELETE('/api/v1/people/{id}', { params: { path: { id }, query: { reason } } })),
    onSuccess: done,
    onError: say.fail,
  });
}

export const holdsQuery = queryOptions({
  queryKey: ['holds'],
  queryFn: ({ signal }): Promise<Hold[]> => need(api.GET('/api/v1/holds', { signal })),
});

export type Held = { person: string } | { call: string } | { queue: string };

export function usePlace(done: (id: string) => void) {
  const queries = useQueryClient();
  const say = useSay();
  return useMutation({
    mutationFn: (wanted: Held & { reason: string }) => ask<{ id: string }>('POST', '/holds', { body: wanted }),
    onSuccess: ({ id }) => {
      done(id);
      return queries.invalidateQueries({ queryKey: holdsQuery.queryKey });
    },
    onError: say.fail,
  });
}

export function useLift(done: () => void) {
  const queries = useQueryClient();
  const say = useSay();
  return useMutation({
    mutationFn: (id: string) => need(api.DELETE('/api/v1/holds/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      done();
      return queries.invalidateQueries({ queryKey: holdsQuery.queryKey });
    },
    onError: say.fail,
  });
}

export interface Retention {
  due: Record<string, Due>;
  runs: { at: string; ended: string | null; report: Record<string, Disposed> }[];
}

export const retentionQuery = queryOptions({
  queryKey: ['retention'],
  queryFn: ({ signal }) => ask<Retention>('GET', '/retention/status', { signal }),
});

/** How long a run may take, in milliseconds. */
const PATIENCE = 300_000;

export function useDispose(done: (report: Record<string, Disposed>) => void) {
  const queries = useQueryClient();
  const say = useSay();
  return useMutation({
    mutationFn: () => ask<Record<string, Disposed>>('POST', '/retention/run', { patience: PATIENCE }),
    onSuccess: (report) => {
      done(report);
      return queries.invalidateQueries({ queryKey: retentionQuery.queryKey });
    },
    onError: say.fail,
  });
}

/** How much is kept: what an erasure takes away. */
export function amountOf({ calls, person }: PersonExport): { calls: number; recordings: number; notes: number; names: number } {
  return {
    calls: calls.length,
    recordings: calls.reduce((sum, call) => sum + call.recordings.length, 0),
    notes: calls.filter((call) => call.notes).length,
    names: person.names.length,
  };
}

/** What became of a call, as far as that is known: each with its name. */
export function facts(call: PersonExport['calls'][number], { t, word, length }: I18n): [string, string][] {
  const said = call.dispositions.map(({ disposition }) => disposition).join(', ');
  const all: [string, string | null | undefined][] = [
    [t('proof.person-queue'), call.queue],
    [t('proof.person-agent'), call.agent],
    [t('proof.person-outcome'), call.outcome && (word('words', `outcome-${call.outcome}`) ?? call.outcome)],
    [t('proof.person-disposition'), said],
    [t('proof.person-waited'), call.waited_ms > 0 ? length(call.waited_ms) : null],
    [t('proof.person-talked'), call.talked_ms > 0 ? length(call.talked_ms) : null],
  ];
  return all.filter((fact): fact is [string, string] => Boolean(fact[1]));
}

const inALine = ({ name, mail, business, mobile }: PersonExport['entered'][number]): string => [name, mail, ...business, mobile].filter(Boolean).join(', ');

/** Everything that is kept of a person, for reading: in the language of whoever saves it. */
export function readable({ person, calls, entered, directory, users }: PersonExport, i18n: I18n): string {
  const { t } = i18n;
  const yes = (is: boolean) => t(is ? 'proof.yes' : 'proof.no');
  const at = (time: string) => new Intl.DateTimeFormat(i18n.locale, { dateStyle: 'long', timeStyle: 'medium' }).format(new Date(time));
  const head = [
    t('proof.person-title'),
    '',
    `${t('proof.person-number')}: ${person.address}`,
    `${t('proof.person-names')}: ${person.names.join(', ') || '–'}`,
    `${t('proof.person-restricted')}: ${yes(person.restricted)}`,
    `${t('proof.person-objected')}: ${yes(person.objected)}`,
    ...directory.map((entry) => `${t('proof.person-directory')}: ${inALine(entry)}`),
    ...entered.map((entry) => `${t('proof.person-entered')}: ${inALine(entry)}`),
    ...users.map(({ id, configuration }) => `${t('proof.person-user')}: ${id}: ${JSON.stringify(configuration)}`),
    `${t('proof.person-calls')}: ${i18n.n(calls.length)}`,
  ];
  const each = calls.flatMap((call) => [
    '',
    `${t('proof.person-call')} ${call.call}`,
    `  ${t('proof.person-began')}: ${at(call.began)}`,
    ...(call.answered ? [`  ${t('proof.person-answered')}: ${at(call.answered)}`] : []),
    `  ${t('proof.person-ended')}: ${at(call.ended)}`,
    `  ${t('proof.person-whose')}: ${t(call.own ? 'proof.person-own' : 'proof.person-not-own')}`,
    ...facts(call, i18n).map(([name, value]) => `  ${name}: ${value}`),
    ...(call.notes ? [`  ${t('proof.person-notes')}: ${call.notes}`] : []),
    ...(call.recordings.length > 0 ? [`  ${t('proof.person-recordings')}:`, ...call.recordings.map((id) => `    ${t('proof.person-not-here', { id })}`)] : []),
  ]);
  return `${[...head, ...each].join('\n')}\n`;
}

/** Everything that is kept of a person, with the audio, to hand over: a zip archive with a page in this language. */
export const archiveOf = (id: string, language: string): Promise<ArrayBuffer> => bytes(`/people/${encodeURIComponent(id)}/archive?language=${language}`);

/** A recording's audio. The server notes it. */
export const recordingOf = (id: string): Promise<ArrayBuffer> => bytes(`/recordings/${encodeURIComponent(id)}`);
