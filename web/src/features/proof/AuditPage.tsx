// Who did what: searched, and checked entry by entry in this browser.

import { Button, Field, Input, makeStyles, ProgressBar, Select, tokens } from '@fluentui/react-components';
import { CheckmarkCircle16Filled, ErrorCircle16Filled } from '@fluentui/react-icons';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useDeferredValue, useMemo, useState } from 'react';
import { useNames, usersQuery } from '@/shared/api/names';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { actionText, callOf, GROUPS, whoText } from './actions';
import { auditFile, auditQuery, checkChain, type AuditEntry, type AuditSearch, type Checked } from './api';
import { save } from './file';
import { ProofPage } from './ProofPage';

const NARROW = '@media (max-width: 719px)';

const useStyles = makeStyles({
  tools: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px' },
  filters: { display: 'flex', flexWrap: 'wrap', gap: '8px 12px', alignItems: 'end' },
  filter: { minWidth: '150px', maxWidth: '240px', [NARROW]: { flexGrow: 1, maxWidth: 'none', minWidth: '130px' } },
  box: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    padding: '4px 16px',
  },
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed', [NARROW]: { display: 'block' } },
  // On a narrow page each entry stands as a card.
  thead: { [NARROW]: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' } },
  block: { [NARROW]: { display: 'block' } },
  head: { textAlign: 'start', padding: '8px 12px 8px 0', fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightRegular, color: tokens.colorNeutralForeground2 },
  row: { verticalAlign: 'top', borderTop: `1px solid ${tokens.colorNeutralStroke3}`, [NARROW]: { display: 'block', padding: '6px 0' } },
  cell: { padding: '7px 12px 7px 0', overflowWrap: 'anywhere', [NARROW]: { display: 'block', padding: '1px 0' } },
  when: { width: '17%' },
  who: { width: '18%' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200, overflowWrap: 'anywhere' },
  apart: { margin: '8px 0' },
  code: { display: 'block', fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground2 },
  link: { color: tokens.colorBrandForegroundLink, ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  more: { display: 'flex', justifyContent: 'center' },
  line: { display: 'flex', alignItems: 'center', gap: '6px', margin: '8px 0 0' },
  good: { color: tokens.colorStatusSuccessForeground3, flexShrink: 0 },
  bad: { color: tokens.colorStatusDangerForeground3, flexShrink: 0 },
});

const NOTHING: AuditSearch = { who: '', action: '', object: '', from: '', to: '' };

export function AuditPage() {
  const { t } = useI18n();
  const styles = useStyles();
  const users = useQuery(usersQuery).data ?? [];
  const [search, setSearch] = useState(NOTHING);
  const wanted = useDeferredValue(search);
  const choose = (change: Partial<AuditSearch>) => setSearch((old) => ({ ...old, ...change }));
  return (
    <ProofPage part="audit">
      <ChainState />
      <div className={styles.filters} role="search" aria-label={t('proof.search')}>
        <Field label={t('proof.who')} className={styles.filter}>
          <Select value={search.who} onChange={(_, d) => choose({ who: d.value })}>
            <option value="">{t('proof.anybody')}</option>
            {users.map((u) => (
              <option key={u.id} value={`user ${u.id}`}>
                {clean(u.name || u.id)}
              </option>
            ))}
            <option value="command line">{t('proof.who-command-line')}</option>
            <option value="nobody">{t('proof.who-nobody')}</option>
          </Select>
        </Field>
        <Field label={t('proof.what')} className={styles.filter}>
          <Select value={search.action} onChange={(_, d) => choose({ action: d.value })}>
            <option value="">{t('proof.anything')}</option>
            {GROUPS.map((group) => (
              <option key={group} value={`${group}.`}>
                {t(`proof.group-${group}`)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t('proof.object')} className={styles.filter}>
          <Input type="search" value={search.object} maxLength={200} placeholder="Call/c1" onChange={(_, d) => choose({ object: d.value.trim() })} />
        </Field>
        {(['from', 'to'] as const).map((end) => (
          <Field key={end} label={t(`proof.day-${end}`)} className={styles.filter}>
            <Input type="date" value={search[end]} onChange={(_, d) => choose({ [end]: d.value })} />
          </Field>
        ))}
      </div>
      <Entries search={wanted} />
    </ProofPage>
  );
}

/** Whether the log is whole, looked at when somebody asks for it: it is read from its beginning. */
function ChainState() {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const [read, setRead] = useState<number | null>(null);
  const check = useMutation({
    mutationFn: () => {
      setRead(0);
      return checkChain(setRead);
    },
    onError: say.fail,
    onSettled: () => setRead(null),
  });
  const download = useMutation({
    mutationFn: auditFile,
    onSuccess: ({ name, text }) => save(name, text, 'application/jsonl'),
    onError: say.fail,
  });
  return (
    <Section title={t('proof.chain')}>
      <p className={`${styles.quiet} ${styles.apart}`}>{t('proof.chain-say')}</p>
      <div className={styles.tools}>
        {/* Outside of a secure page a browser lends no cryptography. */}
        <Button appearance="primary" disabled={check.isPending || !window.isSecureContext} onClick={() => check.mutate()}>
          {t('proof.chain-check')}
        </Button>
        <Button disabled={download.isPending} onClick={() => download.mutate()}>
          {t('proof.chain-download')}
        </Button>
      </div>
      {!window.isSecureContext && <p className={`${styles.quiet} ${styles.apart}`}>{t('proof.chain-insecure')}</p>}
      <div role="status">
        {read !== null && (
          <>
            <ProgressBar aria-label={t('proof.chain-check')} />
            {t('proof.chain-reading', { count: read })}
          </>
        )}
        {check.data && read === null && <Found report={check.data} />}
      </div>
    </Section>
  );
}

function Found({ report }: { report: Checked }) {
  const { t, moment } = useI18n();
  const styles = useStyles();
  const whole = report.faults.length === 0;
  return (
    <>
      <p className={styles.line}>
        {whole ? <CheckmarkCircle16Filled className={styles.good} /> : <ErrorCircle16Filled className={styles.bad} />}
        {whole ? t('proof.chain-whole', { count: report.entries }) : t('proof.chain-broken', { count: report.faults.length })}
      </p>
      {!whole && (
        <ul>
          {report.faults.map((fault) => (
            <li key={`${fault.entry}/${fault.kind}`}>{t(`proof.fault-${fault.kind}`, { entry: String(fault.entry) })}</li>
          ))}
        </ul>
      )}
      {report.cut > 0 && <p className={`${styles.quiet} ${styles.apart}`}>{t('proof.chain-cut', { entry: String(report.cut) })}</p>}
      {!report.canVerify && <p className={`${styles.quiet} ${styles.apart}`}>{t('proof.chain-unsigned')}</p>}
      {report.canVerify && (
        <p className={`${styles.quiet} ${styles.apart}`}>
          {report.vouched > 0 ? t('proof.chain-vouched', { count: report.heads, entry: String(report.vouched), time: moment(report.signed) }) : t('proof.chain-no-head')}
        </p>
      )}
      <p className={`${styles.quiet} ${styles.apart}`}>{t('proof.chain-key', { key: report.key })}</p>
    </>
  );
}

function Entries({ search }: { search: AuditSearch }) {
  const { t } = useI18n();
  const styles = useStyles();
  const found = useInfiniteQuery(auditQuery(search));
  const entries = useMemo(() => found.data?.pages.flatMap((page) => page.items) ?? [], [found.data]);
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (entries.length === 0) return <Empty>{t('proof.audit-none')}</Empty>;
  return (
    <>
      <div className={styles.box}>
        <table className={styles.table} aria-label={t('proof.part-audit')}>
          <thead className={styles.thead}>
            <tr>
              <th scope="col" className={`${styles.head} ${styles.when}`}>
                {t('proof.when')}
              </th>
              <th scope="col" className={`${styles.head} ${styles.who}`}>
                {t('proof.who')}
              </th>
              <th scope="col" className={styles.head}>
                {t('proof.what')}
              </th>
              <th scope="col" className={styles.head}>
                {t('proof.object')}
              </th>
            </tr>
          </thead>
          <tbody className={styles.block}>
            {entries.map((entry) => (
              <EntryRow key={entry.id} entry={entry} />
            ))}
          </tbody>
        </table>
      </div>
      {found.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t('proof.more')}
          </Button>
        </div>
      )}
    </>
  );
}

function EntryRow({ entry }: { entry: AuditEntry }) {
  const i18n = useI18n();
  const styles = useStyles();
  const names = useNames();
  const call = callOf(entry.object);
  return (
    <tr className={styles.row}>
      <td className={styles.cell}>
        <time dateTime={entry.at}>{i18n.moment(entry.at)}</time>
      </td>
      <td className={styles.cell}>
        <Bdi>{whoText(entry.who, names, i18n)}</Bdi>
      </td>
      <td className={styles.cell}>
        {actionText(entry.action, i18n)}
        <code className={styles.code}>{entry.action}</code>
      </td>
      <td className={styles.cell}>
        {call ? (
          <Link to="/calls/$id" params={{ id: call }} className={styles.link}>
            {entry.object}
          </Link>
        ) : (
          <Bdi>{entry.object}</Bdi>
        )}
        {entry.detail && (
          <span className={styles.quiet}>
            {' '}
            <Bdi>{entry.detail}</Bdi>
          </span>
        )}
      </td>
    </tr>
  );
}
