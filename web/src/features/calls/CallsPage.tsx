// The list of calls: open ones first, then those that are over.

import { Badge, Button, Input, makeStyles, mergeClasses, Select, tokens } from '@fluentui/react-components';
import { Dismiss16Regular, Mic16Regular, Search16Regular } from '@fluentui/react-icons';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { memo, useMemo, useState } from 'react';
import { dispositionsQuery, queuesQuery, useNames, usersQuery, type Names } from '@/shared/api/names';
import type { CallView } from '@/shared/api/types';
import { clean } from '@/shared/format/text';
import { clock } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { useLive, type LiveState } from '@/shared/live/store';
import { useSession } from '@/shared/session';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Page } from '@/shared/ui/Page';
import { Since } from '@/shared/ui/Since';
import { callsQuery } from './api';
import { meant } from './find';

const NARROW = '@media (max-width: 719px)';

const useStyles = makeStyles({
  filters: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center', [NARROW]: { width: '100%' } },
  day: { minWidth: '130px', maxWidth: '160px', [NARROW]: { flexGrow: 1, maxWidth: 'none' } },
  filter: { minWidth: '150px', maxWidth: '220px', [NARROW]: { flexGrow: 1, maxWidth: 'none', minWidth: '130px' } },
  box: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    overflow: 'hidden',
  },
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed' },
  head: {
    textAlign: 'start',
    padding: '8px 12px',
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightRegular,
    color: tokens.colorNeutralForeground2,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    [NARROW]: { padding: '8px' },
  },
  time: { width: '17%', [NARROW]: { width: '21%' } },
  queue: { width: '20%', [NARROW]: { width: '25%' } },
  agent: { width: '22%', [NARROW]: { width: '27%' } },
  outcome: { width: '16%', [NARROW]: { width: '27%' } },
  length: { width: '10%', [NARROW]: { display: 'none' } },
  sign: { width: '5%', [NARROW]: { display: 'none' } },
  row: {
    position: 'relative',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':not(:last-child)': { borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
  },
  cell: { padding: '7px 12px', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', [NARROW]: { padding: '8px' } },
  // The link covers its row, so that all of it can be clicked and only the link is a stop of the tabulator.
  link: {
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    fontWeight: tokens.fontWeightSemibold,
    '::after': { content: '""', position: 'absolute', inset: 0 },
    ':focus-visible': { outlineStyle: 'none' },
    ':focus-visible::after': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  number: { fontVariantNumeric: 'tabular-nums' },
  quiet: { color: tokens.colorNeutralForeground2 },
  wide: { [NARROW]: { display: 'none' } },
  more: { display: 'flex', justifyContent: 'center' },
  mic: { display: 'inline-flex', verticalAlign: 'middle', color: tokens.colorNeutralForeground2 },
  with: { display: 'flex', alignItems: 'center', gap: '8px' },
});

const OUTCOMES = ['answered', 'abandoned', 'flowed-out', 'callback'] as const;

export function CallsPage() {
  const { t, rich, phone } = useI18n();
  const styles = useStyles();
  const session = useSession();
  const search = useSearch({ from: '/calls' });
  const navigate = useNavigate({ from: '/calls' });
  const queues = useQuery(queuesQuery).data ?? [];
  const users = useQuery(usersQuery).data ?? [];
  const dispositions = useQuery(dispositionsQuery).data ?? [];
  const [caller, setCaller] = useState('');
  const choose = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, v]) => v)) });
  return (
    <Page
      title={t('app.calls')}
      actions={
        <div className={styles.filters}>
          <Find caller={setCaller} />
          <Select className={styles.filter} value={search.queue ?? ''} aria-label={t('calls.queue')} onChange={(_, d) => choose({ queue: d.value })}>
            <option value="">{t('calls.all-queues')}</option>
            {queues.map((q) => (
              <option key={q.id} value={q.id}>
                {clean(q.name || q.id)}
              </option>
            ))}
          </Select>
          {session.role !== 'agent' && (
            <Select className={styles.filter} value={search.agent ?? ''} aria-label={t('calls.agent')} onChange={(_, d) => choose({ agent: d.value })}>
              <option value="">{t('calls.all-agents')}</option>
              {users.map((u) => (
                <option key={u.id} value={u.id}>
                  {clean(u.name || u.id)}
                </option>
              ))}
            </Select>
          )}
          <Select className={styles.filter} value={search.outcome ?? ''} aria-label={t('calls.outcome')} onChange={(_, d) => choose({ outcome: d.value })}>
            <option value="">{t('calls.all-outcomes')}</option>
            <option value="open">{t('calls.open-now')}</option>
            {OUTCOMES.map((o) => (
              <option key={o} value={o}>
                {t(`words.outcome-${o}`)}
              </option>
            ))}
          </Select>
          {dispositions.length > 0 && (
            <Select className={styles.filter} value={search.disposition ?? ''} aria-label={t('calls.disposition')} onChange={(_, d) => choose({ disposition: d.value })}>
              <option value="">{t('calls.all-dispositions')}</option>
              {dispositions.map((d) => (
                <option key={d.id} value={d.id}>
                  {clean(d.name || d.id)}
                </option>
              ))}
            </Select>
          )}
          {(['from', 'to'] as const).map((end) => (
            <Input
              key={end}
              type="date"
              className={styles.day}
              value={search[end] ?? ''}
              aria-label={t(`calls.day-${end}`)}
              title={t(`calls.day-${end}`)}
              onChange={(_, d) => choose({ [end]: d.value })}
            />
          ))}
        </div>
      }
    >
      {search.with && (
        <div className={styles.with}>
          {t('calls.same-caller')}
          <Button size="small" icon={<Dismiss16Regular />} onClick={() => choose({ with: '' })}>
            {t('calls.show-all')}
          </Button>
        </div>
      )}
      {caller && (
        <div className={styles.with}>
          <span>{rich('calls.of-number', { number: <Bdi>{phone(caller)}</Bdi> })}</span>
          <Button size="small" icon={<Dismiss16Regular />} onClick={() => setCaller('')}>
            {t('calls.show-all')}
          </Button>
        </div>
      )}
      <CallTable filter={search} caller={caller} />
    </Page>
  );
}

// Finds a call by its id, or calls by a number, which stays out of the address of the page and so out of its history.
function Find({ caller }: { caller: (number: string) => void }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [text, setText] = useState('');
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        const wanted = meant(text);
        if (wanted?.call) void navigate({ to: '/calls/$id', params: { id: wanted.call } });
        else if (wanted?.number) caller(wanted.number);
      }}
    >
      <Input
        type="search"
        value={text}
        contentBefore={<Search16Regular />}
        placeholder={t('calls.find')}
        aria-label={t('calls.find')}
        onChange={(_, d) => setText(d.value)}
      />
    </form>
  );
}

interface Shown {
  queue?: string;
  agent?: string;
  outcome?: string;
  with?: string;
  disposition?: string;
  from?: string;
  to?: string;
}

function fits(call: CallView, shown: Shown): boolean {
  if (shown.queue && call.queue !== shown.queue) return false;
  if (shown.agent && call.agent !== shown.agent) return false;
  if (shown.outcome === 'open') return call.state !== 'ended';
  return !shown.outcome || call.outcome === shown.outcome;
}

const liveCalls = (s: LiveState) => s.calls;
const endedCalls = (s: LiveState) => s.ended;

function CallTable({ filter, caller }: { filter: Shown; caller: string }) {
  const { t } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const found = useInfiniteQuery(callsQuery({ queue: filter.queue, agent: filter.agent, with: filter.with, disposition: filter.disposition, from: filter.from, to: filter.to, caller }));
  const open = useLive(liveCalls);
  const ended = useLive(endedCalls);
  // What has changed since the list was asked for comes live.
  const calls = useMemo(() => {
    const all = new Map<string, CallView>();
    if (!filter.with && !filter.disposition && !filter.from && !filter.to && !caller) {
      for (const c of [...open.values()].reverse()) all.set(c.id, c);
      for (const c of ended) all.set(c.id, c);
    }
    const over = new Map(ended.map((c) => [c.id, c]));
    for (const c of found.data?.pages.flatMap((p) => p.items) ?? []) {
      // Open in the list and in the live state no more: it ended in between.
      if (!all.has(c.id)) all.set(c.id, over.get(c.id) ?? c);
    }
    const newest = [...all.values()].filter((c) => fits(c, filter));
    const isOpen = (c: CallView) => (c.state === 'ended' ? 1 : 0);
    return newest.sort((a, b) => isOpen(a) - isOpen(b) || (a.began < b.began ? 1 : -1));
  }, [found.data, open, ended, filter, caller]);
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => void found.refetch()} />;
  return (
    <>
      {calls.length === 0 ? (
        <Empty>{t('calls.none')}</Empty>
      ) : (
        <div className={styles.box}>
          <table className={styles.table}>
            <thead>
              <tr>
                <Head of="time">{t('calls.began')}</Head>
                <Head of="queue">{t('calls.queue')}</Head>
                <Head of="agent">{t('calls.agent')}</Head>
                <Head of="outcome">{t('calls.outcome')}</Head>
                <Head of="length">
                  {t('calls.waited')}
                </Head>
                <Head of="length">
                  {t('calls.talked')}
                </Head>
                <Head of="sign">
                  <span aria-label={t('calls.recorded')} role="img" className={styles.mic}>
                    <Mic16Regular />
                  </span>
                </Head>
              </tr>
            </thead>
            <tbody>
              {calls.map((call) => (
                <Row key={call.id} call={call} names={names} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t(found.isFetchingNextPage ? 'app.loading' : 'calls.load-more')}
          </Button>
        </div>
      )}
    </>
  );
}

type Column = 'time' | 'queue' | 'agent' | 'outcome' | 'length' | 'sign';

function Head({ children, of }: { children: React.ReactNode; of: Column }) {
  const styles = useStyles();
  return (
    <th scope="col" className={mergeClasses(styles.head, styles[of])}>
      {children}
    </th>
  );
}

const Row = memo(function Row({ call, names }: { call: CallView; names: Names }) {
  const { t, moment, word } = useI18n();
  const styles = useStyles();
  const open = call.state !== 'ended';
  const numeric = mergeClasses(styles.cell, styles.wide, styles.number);
  return (
    <tr className={styles.row}>
      <td className={styles.cell}>
        <Link to="/calls/$id" params={{ id: call.id }} className={styles.link}>
          {moment(call.began)}
        </Link>
      </td>
      <td className={styles.cell}>{call.queue ? <Bdi>{names.queue(call.queue)}</Bdi> : <span className={styles.quiet}>–</span>}</td>
      <td className={styles.cell}>{call.agent ? <Bdi>{names.user(call.agent)}</Bdi> : <span className={styles.quiet}>–</span>}</td>
      <td className={styles.cell}>
        {open ? (
          <Badge appearance="tint" color="brand">
            {word('words', `call-${call.state}`) ?? call.state}
          </Badge>
        ) : (
          (word('words', `outcome-${call.outcome ?? ''}`) ?? word('words', `reason-${call.reason ?? ''}`) ?? '–')
        )}
      </td>
      <td className={numeric}>{open ? call.state === 'waiting' && <Since at={call.began} /> : clock(call.waited_ms ?? 0)}</td>
      <td className={numeric}>{open ? call.state === 'talking' && <Since at={call.began} /> : clock(call.talked_ms ?? 0)}</td>
      <td className={mergeClasses(styles.cell, styles.wide)}>
        {call.recordings.length > 0 && (
          <span aria-label={t('calls.recorded')} role="img" className={styles.mic}>
            <Mic16Regular />
          </span>
        )}
      </td>
    </tr>
  );
});
