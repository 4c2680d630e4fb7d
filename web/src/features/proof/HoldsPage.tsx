// Legal holds, and what retention is about to dispose of.

import { Badge, Button, Field, Input, makeStyles, mergeClasses, Select, useRestoreFocusTarget } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { queuesQuery, useNames } from '@/shared/api/names';
import { clean } from '@/shared/format/text';
import { useI18n, type I18n, type MessageKey } from '@/shared/i18n';
import { useSession } from '@/shared/session';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { whoText } from './actions';
import { EndOfAccount } from './EndOfAccount';
import { HoldDialog } from './HoldDialog';
import { useListStyles } from './list';
import { holdsQuery, retentionQuery, useDispose, useLift, type Held, type Hold } from './people';
import { ProofPage } from './ProofPage';
import { Sure } from './Sure';

const useFormStyles = makeStyles({
  form: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'end', marginBottom: '8px' },
  field: { minWidth: '150px', maxWidth: '260px' },
  act: { marginTop: '8px' },
});

export function HoldsPage() {
  const { role } = useSession();
  return (
    <ProofPage part="holds">
      <Holds />
      <Retention />
      {role === 'owner' && <EndOfAccount />}
    </ProofPage>
  );
}

function Holds() {
  const { t } = useI18n();
  const form = useFormStyles();
  const styles = useListStyles();
  const say = useSay();
  const back = useRestoreFocusTarget();
  const queues = useQuery(queuesQuery).data ?? [];
  const found = useQuery(holdsQuery);
  const begin = useRef<HTMLSelectElement>(null);
  // What had the focus is gone with a hold that was lifted: it goes on at the beginning, once the list is without it.
  const lifted = useRef(false);
  useEffect(() => {
    if (lifted.current) begin.current?.focus();
    lifted.current = false;
  }, [found.data]);
  const [kind, setKind] = useState<'queue' | 'call'>('queue');
  const [id, setId] = useState('');
  const [placing, setPlacing] = useState(false);
  const on: Held = kind === 'queue' ? { queue: id } : { call: id.trim() };
  return (
    <Section title={t('proof.holds')}>
      <div className={form.form} role="group" aria-label={t('proof.hold-place')}>
        <Field label={t('proof.hold-on')} className={form.field}>
          <Select
            ref={begin}
            value={kind}
            onChange={(_, d) => {
              setKind(d.value === 'call' ? 'call' : 'queue');
              setId('');
            }}
          >
            <option value="queue">{t('proof.hold-queue')}</option>
            <option value="call">{t('proof.hold-call')}</option>
          </Select>
        </Field>
        <Field label={t('proof.hold-which')} className={form.field}>
          {kind === 'queue' ? (
            <Select value={id} onChange={(_, d) => setId(d.value)}>
              <option value="">–</option>
              {queues.map((q) => (
                <option key={q.id} value={q.id}>
                  {clean(q.name || q.id)}
                </option>
              ))}
            </Select>
          ) : (
            <Input value={id} maxLength={40} placeholder="c1" onChange={(_, d) => setId(d.value)} />
          )}
        </Field>
        <Button {...back} disabled={!id.trim()} onClick={() => setPlacing(true)}>
          {t('proof.hold-place')}
        </Button>
      </div>
      <span className={styles.quiet}>{t('proof.hold-person-hint')}</span>
      {found.isPending && <Loading />}
      {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
      {found.data?.length === 0 && <Empty>{t('proof.holds-none')}</Empty>}
      {found.data && found.data.length > 0 && (
        <ul className={styles.list} aria-label={t('proof.holds')}>
          {found.data.map((hold) => (
            <HoldItem key={hold.id} hold={hold} gone={() => (lifted.current = true)} />
          ))}
        </ul>
      )}
      {placing && (
        <HoldDialog
          on={on}
          about={id}
          close={() => setPlacing(false)}
          placed={() => {
            setPlacing(false);
            setId('');
            say.done(t('proof.hold-placed'));
          }}
        />
      )}
    </Section>
  );
}

/** A hold. `gone` is told when it was lifted, and what had the focus is gone with it. */
function HoldItem({ hold, gone }: { hold: Hold; gone: () => void }) {
  const i18n = useI18n();
  const { t, moment } = i18n;
  const styles = useListStyles();
  const names = useNames();
  const say = useSay();
  const [asks, setAsks] = useState(false);
  const back = useRestoreFocusTarget();
  const lift = useLift(() => {
    say.done(t('proof.hold-lifted'));
    setAsks(false);
    gone();
  });
  const [kind = '', id = ''] = hold.keeps.split(' ', 2);
  const what = kind === 'queue' ? t('proof.keeps-queue', { name: names.queue(id) }) : kind === 'call' ? t('proof.keeps-call', { id }) : kind === 'person' ? t('proof.keeps-person', { id }) : hold.keeps;
  return (
    <li className={styles.item}>
      <span className={styles.text}>
        <span className={styles.strong}>{what}</span>
        <Bdi>{hold.reason}</Bdi>
        <span className={styles.quiet}>{t('proof.hold-by', { id: hold.id, who: whoText(hold.who, names, i18n), time: moment(hold.at) })}</span>
      </span>
      <Button {...back} aria-label={`${t('proof.hold-lift')}: ${what}`} onClick={() => setAsks(true)}>
        {t('proof.hold-lift')}
      </Button>
      {asks && (
        <Sure title={t('proof.lift-title', { what })} act={t('proof.hold-lift')} busy={lift.isPending} close={() => setAsks(false)} go={() => lift.mutate(hold.id)}>
          {t('proof.lift-say')}
        </Sure>
      )}
    </li>
  );
}

const CLASSES: Readonly<Record<string, MessageKey>> = { call: 'proof.class-call', recording: 'proof.class-recording', voicemail: 'proof.class-voicemail', notes: 'proof.class-notes', report: 'proof.class-report', config: 'proof.class-config', audit: 'proof.class-audit' };

/** Classes that are not of calls. */
const OF_ROWS: ReadonlySet<string> = new Set(['report', 'config', 'audit']);

const classText = (name: string, { t }: I18n) => {
  const key = CLASSES[name];
  return key ? t(key) : name;
};

function Retention() {
  const i18n = useI18n();
  const form = useFormStyles();
  const { t, moment } = i18n;
  const styles = useListStyles();
  const say = useSay();
  const { role } = useSession();
  const found = useQuery(retentionQuery);
  const [asks, setAsks] = useState(false);
  const back = useRestoreFocusTarget();
  const dispose = useDispose((report) => {
    setAsks(false);
    say.done(t('proof.disposed', { count: Object.values(report).reduce((sum, r) => sum + r.calls, 0) }));
  });
  const due = Object.entries(found.data?.due ?? {});
  const calls = due.reduce((sum, [, d]) => sum + d.calls, 0);
  const rows = due.reduce((sum, [, d]) => sum + (d.rows ?? 0), 0);
  const isDue = calls + rows > 0;
  return (
    <Section title={t('proof.retention')}>
      <span className={styles.quiet}>{t('proof.retention-say')}</span>
      {found.isPending && <Loading />}
      {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
      {found.data && due.length === 0 && <Empty>{t('proof.retention-none')}</Empty>}
      {due.length > 0 && (
        <ul className={styles.list} aria-label={t('proof.retention')}>
          {due.map(([rule, d]) => (
            <li key={rule} className={styles.item}>
              <span className={styles.text}>
                <span className={styles.strong}>
                  {classText(d.class, i18n)} (<Bdi>{rule}</Bdi>)
                </span>
                <span>{OF_ROWS.has(d.class) ? t('proof.due-rows', { count: d.rows }) : t('proof.due', { count: d.calls })}</span>
                <span className={styles.quiet}>{d.next_due ? t('proof.due-next', { time: moment(d.next_due) }) : t('proof.due-nothing')}</span>
              </span>
              {d.held > 0 && (
                <Badge appearance="tint" color="important">
                  {t('proof.due-held', { count: d.held })}
                </Badge>
              )}
            </li>
          ))}
        </ul>
      )}
      {role === 'owner' && due.length > 0 && (
        <Button {...back} className={form.act} disabled={!isDue} onClick={() => setAsks(true)}>
          {t('proof.dispose')}
        </Button>
      )}
      {asks && (
        <Sure title={t('proof.dispose-title')} act={t('proof.dispose')} busy={dispose.isPending} close={() => setAsks(false)} go={() => dispose.mutate()}>
          {calls > 0 && <p>{t('proof.dispose-say', { count: calls })}</p>}
          {rows > 0 && <p>{t('proof.dispose-rows', { count: rows })}</p>}
        </Sure>
      )}
      {found.data && found.data.runs.length > 0 && <h3 className={mergeClasses(styles.strong, form.act)}>{t('proof.runs')}</h3>}
      <ul className={styles.list} aria-label={t('proof.runs')}>
        {found.data?.runs.map((run) => (
          <li key={run.at} className={styles.item}>
            <span className={styles.text}>
              {moment(run.at)}
              {Object.entries(run.report).map(([rule, done]) => (
                <span key={rule} className={styles.quiet}>
                  <Bdi>{rule}</Bdi>: {t('proof.run-did', { count: done.calls, held: done.held })}
                </span>
              ))}
            </span>
            {!run.ended && <Badge appearance="tint" color="warning">{t('proof.run-interrupted')}</Badge>}
          </li>
        ))}
      </ul>
    </Section>
  );
}
