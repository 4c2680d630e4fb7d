// A person's rights: found by number, everything shown and saved, corrected, hidden, objected, kept by a hold, erased.

import { Button, Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { Search16Regular } from '@fluentui/react-icons';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { Empty } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { useSay } from '@/shared/ui/toasts';
import { BY, find, type By, type Erasure, type Person } from './people';
import { PersonCard } from './PersonCard';
import { ProofPage } from './ProofPage';

const useStyles = makeStyles({
  form: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'end' },
  number: { minWidth: '240px', flexGrow: 1, maxWidth: '360px' },
  outcome: { ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  remains: { margin: '6px 0 0', paddingInlineStart: '20px' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
});

export function PersonPage() {
  const { t, n, length } = useI18n();
  const styles = useStyles();
  const say = useSay();
  // The number stays out of the address of the page, and so out of its history.
  const [text, setText] = useState('');
  const [by, setBy] = useState<By>('number');
  const [people, setPeople] = useState<Person[] | null>(null);
  const [erased, setErased] = useState<{ as: Person['kept_as']; done: Erasure } | null>(null);
  // What had the focus is gone with the person: it goes on where the outcome stands.
  const outcome = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (erased) outcome.current?.focus();
  }, [erased]);
  const look = useMutation({
    mutationFn: find,
    onMutate: () => setErased(null),
    onSuccess: setPeople,
    onError: say.fail,
  });
  const change = (person: Person) => setPeople((all) => all?.map((p) => (p.id === person.id ? person : p)) ?? null);
  return (
    <ProofPage part="people">
      <form
        className={styles.form}
        role="search"
        onSubmit={(e) => {
          e.preventDefault();
          if (text.trim()) look.mutate({ by, text: text.trim() });
        }}
      >
        <Field label={t('proof.find-by')}>
          <Select value={by} onChange={(_, d) => setBy(BY.find((b) => b === d.value) ?? 'number')}>
            {BY.map((b) => (
              <option key={b} value={b}>
                {t(`proof.find-${b}`)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t(`proof.find-${by}`)} className={styles.number}>
          <Input type="search" value={text} maxLength={200} autoComplete="off" contentBefore={<Search16Regular />} onChange={(_, d) => setText(d.value)} />
        </Field>
        <Button type="submit" appearance="primary" disabled={!text.trim() || look.isPending}>
          {t('proof.find')}
        </Button>
      </form>
      <span className={styles.quiet}>
        {t(`proof.find-hint-${by}`)} {t('proof.find-noted')}
      </span>
      {erased && (
        <Note intent={erased.done.backups_pending > 0 || erased.done.remains.length > 0 ? 'warning' : 'info'}>
          <span role="status" ref={outcome} tabIndex={-1} className={styles.outcome}>
            {erased.as === 'caller' && (
              <>
                {t('proof.erased', { count: erased.done.calls })}{' '}
                {t('proof.erased-with', { recordings: n(erased.done.recordings), notes: n(erased.done.notes), time: length(erased.done.took_ms) })}
              </>
            )}
            {erased.as !== 'caller' && t(`proof.erased-${erased.done.hidden ? 'hidden' : erased.done.entered > 0 ? 'entered' : 'nothing'}`)}{' '}
            {erased.done.backups_pending > 0 ? t('proof.erased-pending', { count: erased.done.backups_pending }) : erased.as === 'caller' && t('proof.erased-backups')}
          </span>
          {erased.done.remains.length > 0 && (
            <ul aria-label={t('proof.remains')} className={styles.remains}>
              {erased.done.remains.map(({ in: place, id }) => (
                <li key={`${place} ${id}`}>{t(`proof.remains-${place}`, { id })}</li>
              ))}
            </ul>
          )}
        </Note>
      )}
      {people?.length === 0 && !erased && <Empty>{t('proof.find-none')}</Empty>}
      {people?.map((person) => (
        <PersonCard
          key={person.id}
          person={person}
          change={change}
          gone={(done) => {
            setErased({ as: person.kept_as, done });
            // What is removed elsewhere is still there.
            if (person.kept_as === 'caller' || person.kept_as === 'entered') setPeople((all) => all?.filter((p) => p.id !== person.id) ?? null);
            else change({ ...person, restricted: person.restricted || done.hidden });
          }}
        />
      ))}
    </ProofPage>
  );
}
