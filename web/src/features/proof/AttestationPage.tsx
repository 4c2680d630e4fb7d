// The questions that a compliance officer is asked, each with its answer, where that comes from, and what was seen.

import { Badge, Button, makeStyles, Select, Spinner, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState, type ReactNode } from 'react';
import { useI18n } from '@/shared/i18n';
import { Empty } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { madeQuery, progressQuery, readable, useAttest, type Made } from './api';
import { CHECKS, checkText, linesOf, meaningOf, pageText, provenAt, resultOf } from './explain';
import { save } from './file';
import { byPage, changesSince, countAnswers, isWrong, LARGEST, readAttestation, type Answer, type Attestation, type Evidence } from './paper';
import { ProofPage } from './ProofPage';
import { questionKey } from './questions';

const useStyles = makeStyles({
  tools: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px' },
  counts: { display: 'flex', flexWrap: 'wrap', gap: '8px 24px', margin: 0 },
  count: { display: 'flex', flexDirection: 'column-reverse' },
  figure: { margin: 0, fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500, fontWeight: tokens.fontWeightSemibold, fontVariantNumeric: 'tabular-nums' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  apart: { margin: '8px 0 0', overflowWrap: 'anywhere' },
  list: { margin: 0, padding: 0, listStyleType: 'none' },
  answer: {
    display: 'flex',
    flexDirection: 'column',
    gap: '6px',
    padding: '12px 0',
    overflowWrap: 'anywhere',
    ':not(:first-child)': { borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', gap: '4px 10px' },
  question: { margin: 0, fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300, fontWeight: tokens.fontWeightSemibold, flexGrow: 1, flexBasis: '60%', minWidth: '200px' },
  id: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground2 },
  lines: { margin: 0, paddingInlineStart: '18px' },
  fold: { '& summary': { cursor: 'pointer', width: 'fit-content', ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } } },
  evidence: { display: 'flex', flexDirection: 'column', gap: '2px', paddingTop: '8px' },
});

const SHOWN = ['all', 'open', 'wrong', 'changed'] as const;
type Shown = (typeof SHOWN)[number];

export function AttestationPage() {
  const i18n = useI18n();
  const { t, moment } = i18n;
  const styles = useStyles();
  const say = useSay();
  const attest = useAttest();
  const progress = useQuery(progressQuery(attest.isPending)).data;
  const [only, setOnly] = useState('');
  const made = useQuery(madeQuery).data;
  const [declared, setDeclared] = useState<{ name: string; answers: unknown } | null>(null);
  const [earlier, setEarlier] = useState<Attestation | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const run = () => {
    const before = made?.paper ?? null;
    attest.mutate(
      { declared: declared?.answers, checks: only ? [only] : [] },
      // What is new is seen beside the one before, unless another one was given to compare with.
      { onSuccess: () => setEarlier((given) => given ?? before) },
    );
  };
  const saveReadable = () => {
    readable(i18n.locale.split('-')[0] ?? 'en').then((text) => save('attestation.md', text, 'text/markdown'), say.fail);
  };
  const readDeclared = (text: string, name: string) => {
    try {
      setDeclared({ name, answers: JSON.parse(text) as unknown });
      setTrouble(null);
    } catch {
      setTrouble(t('proof.file-unread', { name }));
    }
  };
  const readEarlier = (text: string, name: string) => {
    const read = readAttestation(text);
    if (!read) setTrouble(t('proof.file-unread', { name }));
    else if (made && read.tenant !== made.paper.tenant) setTrouble(t('proof.file-other', { name, tenant: read.tenant }));
    else {
      setEarlier(read);
      setTrouble(null);
    }
  };
  return (
    <ProofPage part="attestation">
      <div className={styles.tools}>
        <Button appearance="primary" disabled={attest.isPending} onClick={run}>
          {t(made ? 'proof.attest-again' : 'proof.attest')}
        </Button>
        <Select aria-label={t('proof.which-checks')} value={only} disabled={attest.isPending} onChange={(_, data) => setOnly(data.value)}>
          <option value="">{t('proof.all-checks')}</option>
          {CHECKS.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </Select>
        <FileButton label={t('proof.declared-file')} read={readDeclared} fail={setTrouble} />
        {made && (
          <>
            <Button onClick={() => save('attestation.json', made.file, 'application/json')}>{t('proof.download')}</Button>
            <Button onClick={saveReadable}>{t('proof.download-readable')}</Button>
            <FileButton label={t('proof.compare')} read={readEarlier} fail={setTrouble} />
          </>
        )}
        {attest.isPending && (
          <Spinner
            size="tiny"
            label={
              progress?.running && progress.check
                ? t('proof.attesting-far', { n: progress.done + 1, of: progress.of, what: progress.check })
                : t('proof.attesting')
            }
          />
        )}
      </div>
      {only && <span className={styles.quiet}>{checkText(only, i18n)}</span>}
      {declared && <span className={styles.quiet}>{t('proof.declared-taken', { name: declared.name })}</span>}
      {earlier && <span className={styles.quiet}>{t('proof.compared', { time: moment(earlier.at) })}</span>}
      {trouble && <Note intent="error">{trouble}</Note>}
      {!made && !attest.isPending && <Empty>{t('proof.attest-begin')}</Empty>}
      {made && <Paper made={made} earlier={earlier} />}
    </ProofPage>
  );
}

/** A button that takes a file. */
function FileButton({ label, read, fail }: { label: string; read: (text: string, name: string) => void; fail: (why: string) => void }) {
  const { t } = useI18n();
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > LARGEST) fail(t('proof.file-unread', { name: file.name }));
    else read(await file.text(), file.name);
  };
  return (
    <>
      <Button onClick={() => input.current?.click()}>{label}</Button>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label={label}
        onChange={(e) => {
          void take(e.target.files?.[0]);
          // The same file once more is a change, too.
          e.target.value = '';
        }}
      />
    </>
  );
}

function Paper({ made: { paper }, earlier }: { made: Made; earlier: Attestation | null }) {
  const i18n = useI18n();
  const { t, n, moment } = i18n;
  const styles = useStyles();
  const [shown, setShown] = useState<Shown>('all');
  const counts = useMemo(() => countAnswers(paper.answers), [paper]);
  const changes = useMemo(() => (earlier ? changesSince(earlier, paper) : null), [earlier, paper]);
  const fits = (answer: Answer) =>
    shown === 'all' || (shown === 'open' && answer.by === 'open') || (shown === 'wrong' && isWrong(answer)) || (shown === 'changed' && (changes?.has(answer.id) ?? false));
  const pages = byPage(paper.answers.filter(fits));
  const count = (name: string, value: ReactNode) => (
    <div className={styles.count}>
      <dt className={styles.quiet}>{name}</dt>
      <dd className={styles.figure}>{value}</dd>
    </div>
  );
  return (
    <>
      <Section title={t('proof.of-tenant', { tenant: paper.tenant })}>
        <dl className={styles.counts}>
          {count(t('proof.by-software'), n(counts.software))}
          {count(t('proof.by-declared'), n(counts.declared))}
          {count(t('proof.by-open'), n(counts.open))}
          {count(t('proof.wrong'), n(counts.wrong))}
          {changes && count(t('proof.changed'), n(changes.size))}
        </dl>
        <p className={`${styles.quiet} ${styles.apart}`}>{t('proof.made', { time: moment(paper.at), version: paper.version, profile: paper.profile })}</p>
        <p className={`${styles.quiet} ${styles.apart}`}>{t('proof.signed', { key: paper.signature.key })}</p>
      </Section>
      <div className={styles.tools}>
        <Select value={shown} aria-label={t('proof.show')} onChange={(_, d) => setShown(SHOWN.find((s) => s === d.value) ?? 'all')}>
          {SHOWN.filter((s) => s !== 'changed' || changes).map((s) => (
            <option key={s} value={s}>
              {t(`proof.show-${s}`)}
            </option>
          ))}
        </Select>
      </div>
      {pages.length === 0 && <Empty>{t('proof.show-none')}</Empty>}
      {pages.map(([page, answers]) => (
        <Section key={page} title={pageText(page, i18n)}>
          <ul className={styles.list}>
            {answers.map((answer) => (
              <AnswerItem key={answer.id} answer={answer} before={changes?.get(answer.id)} />
            ))}
          </ul>
        </Section>
      ))}
    </>
  );
}

const COLOURS = { software: 'success', declared: 'informative', open: 'warning' } as const;

function AnswerItem({ answer, before }: { answer: Answer; before: Answer | null | undefined }) {
  const i18n = useI18n();
  const { t, moment } = i18n;
  const styles = useStyles();
  const at = provenAt(answer);
  const question = questionKey(answer.id);
  return (
    <li className={styles.answer} data-question={answer.id}>
      <div className={styles.head}>
        <h3 className={styles.question} lang={question ? undefined : 'en'}>
          {question ? t(question) : answer.question}
        </h3>
        <code className={styles.id}>{answer.id}</code>
        <Badge appearance="tint" color={COLOURS[answer.by]}>
          {t(`proof.badge-${answer.by}`)}
        </Badge>
        {isWrong(answer) && (
          <Badge appearance="tint" color="danger">
            {t('proof.result-bad')}
          </Badge>
        )}
      </div>
      {answer.by === 'open' ? null : <Lines lines={linesOf(answer.answer, i18n)} />}
      <span className={styles.quiet}>
        {t(meaningOf(answer))} {at && t('proof.seen-at', { time: moment(at) })}
      </span>
      {answer.disagreement && (
        <Note intent="warning">
          {t('proof.disagrees')} <span lang="en">{answer.disagreement}</span>
        </Note>
      )}
      {before !== undefined && (
        <span className={styles.quiet}>
          {before ? t('proof.before', { answer: before.by === 'open' ? t('proof.badge-open') : linesOf(before.answer, i18n).slice(0, FEW).join(' · ') }) : t('proof.before-none')}
        </span>
      )}
      {answer.evidence.length > 0 && (
        <details className={styles.fold}>
          <summary>{t('proof.evidence', { count: answer.evidence.length })}</summary>
          {answer.evidence.map((evidence) => (
            <EvidenceItem key={evidence.check} evidence={evidence} />
          ))}
        </details>
      )}
    </li>
  );
}

/** So many lines of an answer stand there at once; more are behind a click. */
const FEW = 5;

function Lines({ lines }: { lines: string[] }) {
  const { t } = useI18n();
  const styles = useStyles();
  if (lines.length === 1) return <span>{lines[0]}</span>;
  const list = (some: string[]) => (
    <ul className={styles.lines}>
      {some.map((line, n) => (
        <li key={n}>{line}</li>
      ))}
    </ul>
  );
  if (lines.length <= FEW) return list(lines);
  return (
    <>
      {list(lines.slice(0, FEW))}
      <details className={styles.fold}>
        <summary>{t('proof.more-lines', { count: lines.length - FEW })}</summary>
        {list(lines.slice(FEW))}
      </details>
    </>
  );
}

const RESULTS = { good: 'success', bad: 'danger', unknown: 'informative', 'not-run': 'informative' } as const;

function EvidenceItem({ evidence }: { evidence: Evidence }) {
  const i18n = useI18n();
  const { t, moment } = i18n;
  const styles = useStyles();
  const result = resultOf(evidence);
  return (
    <div className={styles.evidence}>
      <div className={styles.head}>
        <code className={styles.id}>{evidence.check}</code>
        <Badge appearance="tint" color={RESULTS[result]}>
          {t(`proof.result-${result}`)}
        </Badge>
        {evidence.at && <span className={styles.quiet}>{moment(evidence.at)}</span>}
      </div>
      <span>{checkText(evidence.check, i18n)}</span>
      {evidence.against && (
        <span className={styles.quiet}>
          {t('proof.against')} <span lang="en">{evidence.against}</span>
        </span>
      )}
      {evidence.found.length > 0 && (
        <ul className={styles.lines} lang="en">
          {evidence.found.map((line, n) => (
            <li key={n}>{line}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
