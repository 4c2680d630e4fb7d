// The people of the Microsoft directory: found as somebody types, with what Teams says of them, and called with one click.

import { Button, Input, Link, makeStyles, tokens } from '@fluentui/react-components';
import { Call16Regular, PersonAdd16Regular, Search16Regular } from '@fluentui/react-icons';
import { useMutation, useQuery } from '@tanstack/react-query';
import { memo, useDeferredValue, useState } from 'react';
import { presenceAge, presenceText } from '@/shared/agent/presence';
import { stateText } from '@/shared/agent/state';
import { useAbilities } from '@/shared/api/abilities';
import { api, need } from '@/shared/api/client';
import { directoryQuery } from '@/shared/api/directory';
import { useNames, type Names } from '@/shared/api/names';
import { dialable } from '@/shared/format/phone';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { useAgent } from '@/shared/live/store';
import { atLeast, useSession } from '@/shared/session';
import { registered } from '@/shared/softphone/phone';
import { Bdi } from '@/shared/ui/Bdi';
import { Face } from '@/shared/ui/Face';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { Page } from '@/shared/ui/Page';
import { PresenceDot } from '@/shared/ui/PresenceDot';
import { StateDot } from '@/shared/ui/StateDot';
import { useSay } from '@/shared/ui/toasts';
import { MOST, peopleQuery, type Person } from './api';
import { EntryDialog } from './EntryDialog';

const NARROW = '@media (max-width: 719px)';

const useStyles = makeStyles({
  search: { width: '320px', [NARROW]: { width: '100%' } },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  list: {
    margin: 0,
    padding: 0,
    listStyleType: 'none',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
  },
  person: {
    display: 'grid',
    gridTemplateColumns: '40px minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1.4fr)',
    alignItems: 'center',
    gap: '4px 12px',
    padding: '8px 14px',
    ':not(:last-child)': { borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
    [NARROW]: { gridTemplateColumns: '40px minmax(0, 1fr)', padding: '10px 12px' },
  },
  text: { display: 'flex', flexDirection: 'column', minWidth: 0 },
  below: { [NARROW]: { gridColumn: 2 } },
  name: { fontWeight: tokens.fontWeightSemibold, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  line: { display: 'flex', alignItems: 'center', gap: '6px', minWidth: 0, flexWrap: 'wrap' },
  mail: { overflowWrap: 'anywhere' },
  numbers: { display: 'flex', flexWrap: 'wrap', gap: '4px 8px', alignItems: 'center' },
  number: { fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap', maxWidth: '100%', overflow: 'hidden', textOverflow: 'ellipsis' },
});

export function PeoplePage() {
  const { t, moment } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim());
  const status = useQuery({ ...directoryQuery, refetchInterval: 15_000 });
  const people = useQuery({ ...peopleQuery(wanted), enabled: status.data?.kept === true && wanted !== '' });
  const found = wanted === '' ? undefined : people.data;
  const dial = useCalling();
  const can = useAbilities();
  const { role } = useSession();
  const enters = atLeast(role, 'owner') && can('post', '/directory/local');
  const pictures = can('get', '/directory/users/{}/photo');
  const [entry, setEntry] = useState<{ person: Person | null } | null>(null);
  const about = status.data;
  return (
    <Page
      title={t('app.people')}
      actions={
        about?.kept && (
          <>
          {enters && (
            <Button icon={<PersonAdd16Regular />} onClick={() => setEntry({ person: null })}>
              {t('people.entry-new')}
            </Button>
          )}
          <Input
            className={styles.search}
            type="search"
            contentBefore={<Search16Regular />}
            value={text}
            // The server looks for 200 bytes at most.
            maxLength={50}
            placeholder={t('people.find')}
            aria-label={t('people.find')}
            onChange={(_, d) => setText(d.value)}
          />
          </>
        )
      }
    >
      {status.isError && <Failed error={status.error} retry={() => void status.refetch()} />}
      {status.isPending && <Loading />}
      {about && !about.kept && <Empty>{t('people.none-kept')}</Empty>}
      {about?.kept && (
        <>
          {about.trouble && <Note intent="warning">{t('people.trouble', { why: about.trouble })}</Note>}
          {about.reading && <Note intent="info">{t('people.reading')}</Note>}
          <span className={styles.quiet} role="status">
            {t('people.count', { count: about.people })}
            {about.at ? ` · ${t('people.as-of', { time: moment(about.at) })}` : ''}
          </span>
          {people.isError && <Failed error={people.error} retry={() => void people.refetch()} />}
          {wanted === '' && <Empty>{t('people.begin')}</Empty>}
          {wanted !== '' && people.isPending && <Loading />}
          {found?.length === 0 && <Empty>{t('people.none')}</Empty>}
          {found && found.length > 0 && (
            <ul className={styles.list} aria-label={t('people.results')}>
              {found.map((person) => (
                <PersonItem key={person.id} person={person} names={names} dial={dial} pictures={pictures} change={enters ? setEntry : null} />
              ))}
            </ul>
          )}
          {found?.length === MOST && <span className={styles.quiet}>{t('people.more', { count: MOST })}</span>}
        </>
      )}
      {entry && <EntryDialog person={entry.person} close={() => setEntry(null)} />}
    </Page>
  );
}

type Dial = ((to: string) => void) | null;

/** Calling for oneself, as an agent; null for whoever is none: a telephone of the computer is tried there. */
function useCalling(): Dial {
  const { t } = useI18n();
  const say = useSay();
  const { agent } = useSession();
  const can = useAbilities();
  const dial = useMutation({
    // Which numbers may be called is the tenant's rule, which the server holds and names.
    mutationFn: (to: string) => need(api.POST('/api/v1/dial', { body: { agent, to, correlation: crypto.randomUUID(), through: null, number: null, queue: null, softphone: registered() } })),
    onError: say.fail,
    onSuccess: (_, to) => say.done(t('people.calling', { number: to })),
  });
  return agent && can('post', '/dial') ? dial.mutate : null;
}

interface Item {
  person: Person;
  names: Names;
  dial: Dial;
  /** Whether the server fetches pictures. */
  pictures: boolean;
  /** Changes somebody who was entered here; null for whoever may not. */
  change: ((entry: { person: Person }) => void) | null;
}

const PersonItem = memo(function PersonItem({ person, names, dial, pictures, change }: Item) {
  const i18n = useI18n();
  const { t } = i18n;
  const styles = useStyles();
  const { presence } = person;
  const local = person.origin === 'local';
  const age = presence ? presenceAge(presence, i18n) : null;
  const numbers = [...person.business.map((n) => ['business', n] as const), ...(person.mobile ? [['mobile', person.mobile] as const] : [])];
  return (
    <li className={styles.person}>
      <Face name={person.name} size={36} picture={pictures && person.origin === 'microsoft' ? `/api/v1/directory/users/${encodeURIComponent(person.id)}/photo` : undefined} />
      <span className={styles.text}>
        <span className={styles.name}>
          <Bdi>{person.name || person.id}</Bdi>
        </span>
        {person.mail && (
          <span className={`${styles.quiet} ${styles.mail}`}>
            <Bdi>{person.mail}</Bdi>
          </span>
        )}
      </span>
      <span className={`${styles.text} ${styles.below}`}>
        {presence && (
          <span className={styles.line}>
            <PresenceDot presence={presence} />
            <span>{clean(presenceText(presence, i18n))}</span>
            {age && <span className={styles.quiet}>{age}</span>}
          </span>
        )}
        {person.user && <Ours user={person.user} names={names} />}
        {local && (
          <span className={styles.line}>
            <span className={styles.quiet}>{t('people.local')}</span>
            {change && (
              <Button size="small" appearance="subtle" aria-label={t('people.entry-change-name', { name: person.name })} onClick={() => change({ person })}>
                {t('people.entry-change')}
              </Button>
            )}
          </span>
        )}
        {!person.enabled && <span className={styles.quiet}>{t('people.disabled')}</span>}
      </span>
      <span className={`${styles.numbers} ${styles.below}`}>
        {numbers.map(([kind, number]) => (
          <NumberOf key={`${kind}/${number}`} name={person.name} kind={kind} number={number} dial={dial} />
        ))}
        {numbers.length === 0 && <span className={styles.quiet}>{t('people.no-number')}</span>}
      </span>
    </li>
  );
});

/** Who somebody is here, and what they do just now. */
function Ours({ user, names }: { user: string; names: Names }) {
  const i18n = useI18n();
  const styles = useStyles();
  const agent = useAgent(user);
  return (
    <span className={styles.line}>
      {agent && <StateDot state={agent.state} />}
      <span className={styles.quiet}>
        {i18n.t('people.ours', { user: names.user(user) })}
        {agent ? ` · ${clean(stateText(agent, i18n))}` : ''}
      </span>
    </span>
  );
}

function NumberOf({ name, kind, number, dial }: { name: string; kind: 'business' | 'mobile'; number: string; dial: Dial }) {
  const { t, phone } = useI18n();
  const styles = useStyles();
  const shown = phone(number);
  const to = dialable(number);
  // Extensions and whatever else people write into a directory are shown, and called by nobody.
  const callable = /^\+?\d{2,20}$/.test(to);
  const label = `${t(`people.kind-${kind}`)} – ${t('people.call', { name, number: shown })}`;
  if (!callable) {
    return (
      <span className={styles.number} title={t(`people.kind-${kind}`)}>
        <Bdi>{shown}</Bdi>
      </span>
    );
  }
  if (dial) {
    return (
      <Button size="small" className={styles.number} icon={<Call16Regular />} title={t(`people.kind-${kind}`)} aria-label={label} onClick={() => dial(to)}>
        <Bdi>{shown}</Bdi>
      </Button>
    );
  }
  return (
    <Link className={styles.number} href={`tel:${to}`} title={t(`people.kind-${kind}`)} aria-label={label}>
      <Bdi>{shown}</Bdi>
    </Link>
  );
}
