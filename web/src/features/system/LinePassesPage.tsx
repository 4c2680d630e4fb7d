// Line passes for people: an owner says whose line is whose at a telephone system, and hands each person a link. The page
// shows what was made until it is left; nothing of it is kept.

import { Button, Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api, need } from '@/shared/api/client';
import { useI18n } from '@/shared/i18n';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { dialWaysQuery } from './api';
import { isLine, isObjectId, LONGEST_LINE } from './linePasses';
import { SystemPage } from './SystemPage';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: '12px', maxWidth: '520px' },
  make: { alignSelf: 'flex-start' },
  list: { display: 'flex', flexDirection: 'column', gap: '12px', margin: 0, padding: 0, listStyleType: 'none' },
  made: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: '8px' },
  link: { flex: '1 1 240px' },
  person: { overflowWrap: 'anywhere' },
  quiet: { color: tokens.colorNeutralForeground2, margin: '0 0 12px' },
});

/** A pass that was made here. */
interface Made {
  /** Counts them, the newest has the highest. */
  number: number;
  person: string;
  /** The link into Teams, or the pass itself where the tenant has no app there. */
  text: string;
}

export function LinePassesPage() {
  const { t } = useI18n();
  const ways = useQuery(dialWaysQuery);
  const systems = ways.data?.filter((way) => way.line === 'pass') ?? [];
  return (
    <SystemPage part="line-passes">
      {ways.isPending && <Loading />}
      {ways.isError && <Failed error={ways.error} retry={() => void ways.refetch()} />}
      {ways.data && systems.length === 0 && <Empty>{t('system.pass-no-system')}</Empty>}
      {systems.length > 0 && <NewPass systems={systems.map((way) => ({ id: way.id ?? '', name: way.name || (way.id ?? '') }))} />}
    </SystemPage>
  );
}

function NewPass({ systems }: { systems: readonly { id: string; name: string }[] }) {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const [system, setSystem] = useState(systems[0]?.id ?? '');
  const [person, setPerson] = useState('');
  const [line, setLine] = useState('');
  // What is wrong is said once somebody tried, not while they still write.
  const [tried, setTried] = useState(false);
  const [made, setMade] = useState<readonly Made[]>([]);
  const make = useMutation({
    mutationFn: (one: { person: string; line: string }) =>
      need(api.POST('/api/v1/pbxs/{id}/line-passes', { params: { path: { id: system } }, body: { people: [one] } })),
    onError: say.fail,
    onSuccess: (passes) => {
      const all = passes.map((p, n) => ({ number: made.length + n, person: p.person, text: p.link ?? p.pass }));
      setMade([...all.reverse(), ...made]);
      setPerson('');
      setLine('');
      setTried(false);
      say.done(t('system.pass-made'));
    },
  });
  const wrong = { person: tried && !isObjectId(person), line: tried && !isLine(line) };
  return (
    <>
      <Section title={t('system.pass-new')}>
        <form
          className={styles.form}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (isObjectId(person) && isLine(line)) make.mutate({ person: person.trim(), line: line.trim() });
          }}
        >
          <Field label={t('system.pass-system')}>
            <Select value={system} onChange={(_, d) => setSystem(d.value)}>
              {systems.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t('system.pass-person')} required hint={t('system.pass-person-hint')} {...(wrong.person ? { validationMessage: t('system.pass-person-wrong') } : {})}>
            <Input value={person} autoComplete="off" spellCheck={false} maxLength={60} onChange={(_, d) => setPerson(d.value)} />
          </Field>
          <Field label={t('system.pass-line')} required {...(wrong.line ? { validationMessage: t('system.pass-line-wrong') } : {})}>
            <Input value={line} autoComplete="off" spellCheck={false} maxLength={LONGEST_LINE} onChange={(_, d) => setLine(d.value)} />
          </Field>
          <Button type="submit" appearance="primary" className={styles.make} disabled={make.isPending}>
            {t('system.pass-make')}
          </Button>
        </form>
      </Section>
      {made.length > 0 && (
        <Section title={t('system.passes-made')}>
          <p className={styles.quiet}>{t('system.passes-made-say')}</p>
          <ul className={styles.list} aria-label={t('system.passes-made')}>
            {made.map((one) => (
              <MadePass key={one.number} made={one} />
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

/** How long the browser may take to copy. Milliseconds. */
const COPYING = 1_000;

function MadePass({ made }: { made: Made }) {
  const { t } = useI18n();
  const styles = useStyles();
  const [said, setSaid] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const copy = () => {
    // Marked, it can be copied by hand too.
    field.current?.select();
    const late = new Promise<never>((_, fail) => {
      window.setTimeout(fail, COPYING);
    });
    Promise.race([navigator.clipboard.writeText(made.text), late]).then(
      () => setSaid(t('system.pass-copied')),
      () => setSaid(t('system.pass-copy-yourself')),
    );
  };
  return (
    <li className={styles.made}>
      <Field className={styles.link} label={<span className={styles.person}>{t('system.pass-for', { person: made.person })}</span>}>
        <Input ref={field} value={made.text} readOnly />
      </Field>
      <Button onClick={copy} aria-label={`${t('system.pass-copy')}: ${made.person}`}>
        {t('system.pass-copy')}
      </Button>
      <span role="status">{said}</span>
    </li>
  );
}
