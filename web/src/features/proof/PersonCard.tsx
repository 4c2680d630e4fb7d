import { Badge, Button, Input, makeStyles, Spinner, Switch, tokens, useRestoreFocusTarget } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { EraseDialog } from './EraseDialog';
import { save } from './file';
import { HoldDialog } from './HoldDialog';
import { archiveOf, everything, facts, LONGEST, readable, recordingOf, useChange, type Erasure, type Person, type PersonExport } from './people';

const useStyles = makeStyles({
  facts: { display: 'grid', gridTemplateColumns: 'max-content minmax(0, 1fr)', gap: '4px 16px', margin: 0, overflowWrap: 'anywhere' },
  name: { color: tokens.colorNeutralForeground2 },
  fact: { margin: 0 },
  part: { display: 'flex', flexDirection: 'column', gap: '8px', marginTop: '12px' },
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px' },
  list: { margin: 0, paddingInlineStart: '20px', display: 'flex', flexDirection: 'column', gap: '6px', overflowWrap: 'anywhere' },
  link: { color: tokens.colorBrandForegroundLink, ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
});

interface Props {
  person: Person;
  change: (person: Person) => void;
  /** The person is erased. */
  gone: (erasure: Erasure) => void;
}

/** Somebody who was found, and all that can be done for them. */
export function PersonCard({ person, change, gone }: Props) {
  const i18n = useI18n();
  const { t, n, phone } = i18n;
  const styles = useStyles();
  const say = useSay();
  const [kept, setKept] = useState<PersonExport | null>(null);
  const [open, setOpen] = useState<'erase' | 'hold' | null>(null);
  const set = useChange(change);
  const show = useMutation({ mutationFn: () => everything(person.id), onSuccess: setKept, onError: say.fail });
  const archive = useMutation({
    mutationFn: async () => save(`${person.id}.zip`, await archiveOf(person.id, i18n.language), 'application/zip'),
    onError: say.fail,
  });
  const back = useRestoreFocusTarget();
  const isCaller = person.kept_as === 'caller';
  const isHeld = person.holds.length > 0;
  const number = phone(person.address);
  const fact = (name: string, value: React.ReactNode) => (
    <>
      <dt className={styles.name}>{name}</dt>
      <dd className={styles.fact}>{value}</dd>
    </>
  );
  return (
    <Section
      title={<Bdi>{number}</Bdi>}
      actions={
        <>
          <Badge appearance="outline">{t(`proof.kept-as-${person.kept_as}`)}</Badge>
          {person.restricted && <Badge appearance="tint" color="warning">{t('proof.is-restricted')}</Badge>}
          {person.objected && <Badge appearance="tint" color="informative">{t('proof.is-objected')}</Badge>}
          {isHeld && <Badge appearance="tint" color="important">{t('proof.is-held')}</Badge>}
        </>
      }
    >
      <dl className={styles.facts}>
        {fact(t('proof.person-names'), <Bdi>{person.names.join(', ') || '–'}</Bdi>)}
        {isCaller && fact(t('proof.person-calls'), n(person.calls))}
        {person.user && fact(t('proof.person-user'), <Bdi>{person.user}</Bdi>)}
        {isHeld && fact(t('proof.person-holds'), person.holds.join(', '))}
      </dl>
      <div className={styles.part}>
        {isCaller && <NameForm key={person.names.join()} person={person} busy={set.isPending} correct={(name) => set.mutate({ id: person.id, name }, { onSuccess: () => say.done(t('proof.corrected')) })} />}
        {person.kept_as !== 'user' && <Switch checked={person.restricted} disabled={set.isPending} label={t('proof.restrict')} onChange={(_, d) => set.mutate({ id: person.id, restricted: d.checked })} />}
        <Switch checked={person.objected} disabled={set.isPending} label={t('proof.object-to')} onChange={(_, d) => set.mutate({ id: person.id, objected: d.checked })} />
        <div className={styles.line}>
          <Button disabled={show.isPending} onClick={() => show.mutate()}>
            {t('proof.show-kept')}
          </Button>
          <Button disabled={archive.isPending} onClick={() => archive.mutate()}>
            {t('proof.save-archive')}
          </Button>
          {kept && (
            <>
              <Button onClick={() => save(`${person.id}.json`, `${JSON.stringify(kept, null, 2)}\n`, 'application/json')}>{t('proof.save-json')}</Button>
              <Button onClick={() => save(`${person.id}.txt`, readable(kept, i18n), 'text/plain;charset=utf-8')}>{t('proof.save-text')}</Button>
            </>
          )}
          {isCaller && <Button {...back} onClick={() => setOpen('hold')}>{t('proof.hold-place')}</Button>}
          <Button {...back} onClick={() => setOpen('erase')}>{t('proof.erase')}</Button>
          {(show.isPending || archive.isPending) && <Spinner size="tiny" />}
        </div>
        {isHeld && <Note intent="info">{t('proof.held-say')}</Note>}
      </div>
      {kept && <Kept kept={kept} />}
      {open === 'erase' && <EraseDialog person={person} number={number} close={() => setOpen(null)} gone={gone} />}
      {open === 'hold' && (
        <HoldDialog
          on={{ person: person.id }}
          about={number}
          close={() => setOpen(null)}
          placed={(id) => {
            change({ ...person, holds: [...person.holds, id] });
            setOpen(null);
          }}
        />
      )}
    </Section>
  );
}

function NameForm({ person, busy, correct }: { person: Person; busy: boolean; correct: (name: string) => void }) {
  const { t } = useI18n();
  const styles = useStyles();
  const [name, setName] = useState(person.names[0] ?? '');
  const fits = name.trim() !== '' && name.trim() !== person.names[0];
  return (
    <form
      className={styles.line}
      onSubmit={(e) => {
        e.preventDefault();
        if (fits) correct(name.trim());
      }}
    >
      <Input value={name} maxLength={LONGEST} aria-label={t('proof.right-name')} placeholder={t('proof.right-name')} onChange={(_, d) => setName(d.value)} />
      <Button type="submit" disabled={!fits || busy}>
        {t('proof.correct')}
      </Button>
    </form>
  );
}

/** So many calls are listed; all of them stand in what is saved. */
const MOST = 50;

function Kept({ kept }: { kept: PersonExport }) {
  const i18n = useI18n();
  const { t, moment } = i18n;
  const styles = useStyles();
  const say = useSay();
  const fetchOne = useMutation({
    mutationFn: async (id: string) => save(`${id}.wav`, await recordingOf(id), 'audio/wav'),
    onError: say.fail,
  });
  return (
    <div className={styles.part}>
      <span>{t('proof.kept-calls', { count: kept.calls.length })}</span>
      <ul className={styles.list} aria-label={t('proof.kept')}>
        {kept.calls.slice(0, MOST).map((call) => (
          <li key={call.call}>
            <span className={styles.line}>
              <Link to="/calls/$id" params={{ id: call.call }} className={styles.link}>
                {call.call}
              </Link>
              <span>{moment(call.began)}</span>
              {call.recordings.map((id) => (
                <Button key={id} size="small" disabled={fetchOne.isPending} onClick={() => fetchOne.mutate(id)}>
                  {t('proof.save-recording', { id })}
                </Button>
              ))}
            </span>
            <div className={styles.quiet}>
              <Bdi>
                {facts(call, i18n)
                  .map(([name, value]) => `${name}: ${value}`)
                  .join('; ')}
              </Bdi>
            </div>
            {call.notes && (
              <div className={styles.quiet}>
                {t('proof.person-notes')}: <Bdi>{call.notes}</Bdi>
              </div>
            )}
          </li>
        ))}
      </ul>
      {kept.calls.length > MOST && <span className={styles.quiet}>{t('proof.kept-more', { count: MOST })}</span>}
    </div>
  );
}
