// Legal holds, and what retention is about to dispose of.

import { Badge, Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, makeStyles, Select, tokens, useRestoreFocusTarget } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type ReactNode } from 'react';
import { queuesQuery, useNames } from '@/shared/api/names';
import { clean } from '@/shared/format/text';
import { useI18n, type I18n, type MessageKey } from '@/shared/i18n';
import { useSession } from '@/shared/session';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { whoText } from './actions';
import { HoldDialog } from './HoldDialog';
import { holdsQuery, retentionQuery, useDispose, useLift, type Held, type Hold } from './people';
import { ProofPage } from './ProofPage';

const useStyles = makeStyles({
  form: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'end', marginBottom: '8px' },
  field: { minWidth: '150px', maxWidth: '260px' },
  list: { margin: 0, padding: 0, listStyleType: 'none' },
  item: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px 12px',
    padding: '10px 0',
    overflowWrap: 'anywhere',
    ':not(:first-child)': { borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  },
  text: { display: 'flex', flexDirection: 'column', flexGrow: 1, flexBasis: '60%', minWidth: '200px' },
  strong: { fontWeight: tokens.fontWeightSemibold },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  act: { marginTop: '8px' },
});

export function HoldsPage() {
  return (
    <ProofPage part="holds">
      <Holds />
      <Retention />
    </ProofPage>
  );
}

function Holds() {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const back = useRestoreFocusTarget();
  const queues = useQuery(queuesQuery).data ?? [];
  const found = useQuery(holdsQuery);
  const begin = useRef<HTMLSelectElement>(null);
  const [kind, setKind] = useState<'queue' | 'call'>('queue');
  const [id, setId] = useState('');
  const [placing, setPlacing] = useState(false);
  const on: Held = kind === 'queue' ? { queue: id } : { call: id.trim() };
  return (
    <Section title={t('proof.holds')}>
      <div className={styles.form} role="group" aria-label={t('proof.hold-place')}>
        <Field label={t('proof.hold-on')} className={styles.field}>
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
        <Field label={t('proof.hold-which')} className={styles.field}>
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
            <HoldItem key={hold.id} hold={hold} gone={() => begin.current?.focus()} />
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
  const styles = useStyles();
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

function Sure(props: { title: string; act: string; busy: boolean; close: () => void; go: () => void; children: ReactNode }) {
  const { t } = useI18n();
  return (
    <Dialog open onOpenChange={(_, d) => !d.open && props.close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{props.title}</DialogTitle>
          <DialogContent>{props.children}</DialogContent>
          <DialogActions>
            <Button appearance="primary" disabled={props.busy} onClick={props.go}>
              {props.act}
            </Button>
            <Button onClick={props.close}>{t('app.cancel')}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

const CLASSES: Readonly<Record<string, MessageKey>> = { call: 'proof.class-call', recording: 'proof.class-recording', voicemail: 'proof.class-voicemail' };

const classText = (name: string, { t }: I18n) => {
  const key = CLASSES[name];
  return key ? t(key) : name;
};

function Retention() {
  const i18n = useI18n();
  const { t, moment } = i18n;
  const styles = useStyles();
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
                <span>{t('proof.due', { count: d.calls })}</span>
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
        <Button {...back} className={styles.act} disabled={calls === 0} onClick={() => setAsks(true)}>
          {t('proof.dispose')}
        </Button>
      )}
      {asks && (
        <Sure title={t('proof.dispose-title')} act={t('proof.dispose')} busy={dispose.isPending} close={() => setAsks(false)} go={() => dispose.mutate()}>
          {t('proof.dispose-say', { count: calls })}
        </Sure>
      )}
      {found.data && found.data.runs.length > 0 && <h3 className={`${styles.strong} ${styles.act}`}>{t('proof.runs')}</h3>}
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
