// The tab itself: the list, the search, the calls, and the settings.

import { Button, Checkbox, Field, Input, Link, makeStyles, MessageBar, MessageBarBody, Radio, RadioGroup, Spinner, tokens as look } from '@fluentui/react-components';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { I18n, MessageKey } from '@/shared/i18n';
import { nameOf } from './brand';
import { byAddress, byServer, lookMay, plain, Refused, refusalIn, type Begun, type May, type Proof } from './dial';
import { BATCH, MOST_MEMBERS, readMembers, readNumbers, type Member, type Numbers } from './graph';
import { callInTeams, openPage, personIn, type Host, type Place } from './host';
import { LONGEST_LINE, lineOf, numberIn, passIn, type LinePass } from './line';
import { ReplacePass } from './ReplacePass';
import { keepSettings, readSettings, settingsOf } from './settings';
import type { Setup, Way } from './setup';
import { NoToken, tokensOf, type Tokens } from './tokens';

/** People that are drawn at once; a search finds the others. */
const DRAWN = 60;
/** The way of an organisation that has set none up: the computer's own telephone app. */
const TEL: Way = { id: null, name: '', kind: 'address', server_dial: false, scheme: 'tel', wants_password: false, untried: false, other_phone: false, line: 'known' };

/** What a way is called in the settings that are kept. */
const keyOf = (way: Way): string => way.id ?? way.kind;

/** The ways that are set up; none where people sign in and this client signs in for no app: nobody knows then who calls. */
function waysOf(setup: Setup, signsIn: boolean): Way[] {
  const all = setup.ways.length > 0 ? setup.ways : [TEL];
  return setup.scope === null ? all.filter((w) => w.scheme !== null) : signsIn ? all : [];
}

/** What is said of why there is no list. */
const TROUBLES: Record<NoToken['why'], MessageKey> = {
  unavailable: 'connector.unavailable',
  refused: 'connector.refused',
  failed: 'connector.failed',
};
/** What is said of how far a call is. */
const PROGRESS: Readonly<Record<string, MessageKey>> = {
  asked: 'connector.asked',
  'ringing-you': 'connector.ringing-you',
  'calling-them': 'connector.calling-them',
  'ringing-them': 'connector.ringing-them',
  talking: 'connector.talking',
  'handed-over': 'connector.handed-over',
};
/** And of why it is over. */
const OVER: Readonly<Record<string, MessageKey>> = {
  'hung-up': 'connector.over-hung-up',
  busy: 'connector.over-busy',
  'no-answer': 'connector.over-no-answer',
  'not-allowed': 'connector.over-not-allowed',
  'not-signed-in': 'connector.over-not-signed-in',
};

const useStyles = makeStyles({
  page: { display: 'flex', flexDirection: 'column', gap: '12px', padding: '16px', maxWidth: '720px' },
  title: { fontSize: look.fontSizeBase500, lineHeight: look.lineHeightBase500 },
  list: { listStyle: 'none', padding: 0, display: 'flex', flexDirection: 'column', gap: '4px' },
  person: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px', padding: '6px 0', borderBottom: `1px solid ${look.colorNeutralStroke2}` },
  name: { flex: '1 1 12rem', overflowWrap: 'anywhere' },
  foot: { display: 'flex', flexWrap: 'wrap', gap: '12px', fontSize: look.fontSizeBase200 },
  quiet: { color: look.colorNeutralForeground3 },
  row: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'end' },
  settings: { display: 'flex', flexDirection: 'column', gap: '12px' },
});

type Trouble = NoToken['why'] | null;

/** The conversation whose members are listed; where that is off, as if the tab stood for one person alone. */
const listed = (host: Host, setup: Setup): Place => (setup.places.includes(host.place.kind) ? host.place : { kind: 'personal' });

/** Who is here, read once, and read again when asked. */
function useMembers(host: Host | null, setup: Setup | null) {
  const [tokens, setTokens] = useState<Tokens | null>(null);
  const [found, setFound] = useState<{ members: Member[]; more: boolean } | null>(null);
  const [trouble, setTrouble] = useState<Trouble>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!host || !setup) return;
    let gone = false;
    setTrouble(null);
    const read = async () => {
      if (!host.signsIn) throw new NoToken('unavailable');
      const own = await tokensOf(setup, host.loginHint);
      if (!gone) setTokens(() => own);
      // Of a conversation whose feature is off nothing is asked for.
      const members = await readMembers(setup.graph, own, listed(host, setup));
      if (!gone) setFound(members);
    };
    read().catch((e: unknown) => {
      if (gone) return;
      const why = e instanceof NoToken ? e.why : 'failed';
      // Whoever may no longer read who is here sees nothing from before either.
      if (why === 'refused') setFound(null);
      setTrouble(why);
    });
    return () => {
      gone = true;
    };
  }, [host, setup, turn]);
  return { tokens, found, trouble, turn, again: () => setTurn((n) => n + 1) };
}

/** Numbers of those who are drawn, read a batch at a time and kept as long as the page stands and they may be read. Once that
 * is refused nothing more is asked for until somebody tries again, which is another `turn`. */
function useNumbers(setup: Setup | null, tokens: Tokens | null, drawn: readonly Member[], turn: number) {
  const [numbers, setNumbers] = useState<ReadonlyMap<string, Numbers>>(new Map());
  const [refused, setRefused] = useState(false);
  const [unread, setUnread] = useState(false);
  const asked = useRef(new Set<string>());
  const stopped = useRef(false);
  const last = useRef(turn);
  useEffect(() => {
    if (!setup || !tokens) return;
    if (last.current !== turn) {
      last.current = turn;
      stopped.current = false;
      asked.current.clear();
      setRefused(false);
      setUnread(false);
    }
    const missing = drawn.map((m) => m.id).filter((id) => !asked.current.has(id));
    const read = async () => {
      for (let n = 0; n < missing.length && !stopped.current; n += BATCH) {
        const batch = missing.slice(n, n + BATCH);
        for (const id of batch) asked.current.add(id);
        try {
          const some = await readNumbers(setup.graph, tokens, batch);
          if (!stopped.current) setNumbers((before) => new Map([...before, ...some]));
          if (some.size < batch.length) setUnread(true);
        } catch (e) {
          if (!(e instanceof NoToken && e.why === 'refused')) {
            setUnread(true);
            continue;
          }
          stopped.current = true;
          setNumbers(new Map());
          setRefused(true);
        }
      }
    };
    void read();
  }, [setup, tokens, drawn, turn]);
  return { numbers, refused, unread };
}

export function Tab({ tenant, host, setup, i18n }: { tenant: string; host: Host | null; setup: Setup | null; i18n: I18n }) {
  const styles = useStyles();
  const { t } = i18n;
  const place = settingsOf(tenant, host?.me);
  const [settings, setSettings] = useState(() => readSettings(place));
  const [only, setOnly] = useState(() => personIn(window.location.hash));
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState('');
  const [typed, setTyped] = useState(() => numberIn(window.location.hash) ?? '');
  const [password, setPassword] = useState('');
  const [said, setSaid] = useState<string | null>(null);
  const [begun, setBegun] = useState<Begun | null>(null);
  const hangUp = useRef<(() => Promise<void>) | null>(null);
  // The number that is being called, until that is over: pressed again, it is the same call.
  const calling = useRef<string | null>(null);
  const [pasted, setPasted] = useState('');
  // What the person's class of service allows, by telephone system; a system that was not asked is not here.
  const [may, setMay] = useState<Readonly<Record<string, May>>>({});
  // The pass that is kept, and one that would take its place if the person wants that.
  const [replacing, setReplacing] = useState<readonly [LinePass, LinePass] | null>(null);
  const { tokens, found, trouble, turn, again } = useMembers(host, setup);

  const ways = useMemo(() => (setup ? waysOf(setup, trouble !== 'unavailable') : []), [setup, trouble]);
  const way = ways.find((w) => keyOf(w) === settings.way) ?? ways[0];

  const id = way?.id ?? '';
  const proof = useMemo<Proof>(
    () => ({
      password: way?.wants_password ? password : null,
      line: way?.line === 'typed' ? lineOf(settings.lines[id] ?? '') : null,
      line_pass: way?.line === 'pass' ? (settings.passes[id] ?? null) : null,
    }),
    [id, password, settings.lines, settings.passes, way],
  );
  const saysMay = way !== undefined && way.other_phone && way.kind !== 'own';
  const look = useCallback(async () => {
    if (!saysMay || !tokens || !setup) return null;
    const found = await lookMay(setup, tokens, way, proof);
    setMay((before) => ({ ...before, [way.id ?? '']: found }));
    return found;
  }, [proof, saysMay, setup, tokens, way]);
  // Where nobody's password is needed it is known at once, or when a call says it; else whoever wants to know it presses.
  const looked = useRef('');
  useEffect(() => {
    if (!way || way.wants_password || !tokens || looked.current === id) return;
    looked.current = id;
    look().catch(() => undefined);
  }, [id, look, tokens, way]);
  /** What the server said against something, in the person's language where its word is known. */
  const whyNot = useCallback(
    (e: unknown): string => {
      const said = e instanceof Refused ? refusalIn(i18n, e) : null;
      if (said) return said;
      return e instanceof NoToken ? t(e.why === 'refused' ? 'connector.call-refused' : TROUBLES[e.why]) : t('connector.not-begun');
    },
    [i18n, t],
  );
  const lookPressed = () => {
    setSaid(null);
    look().then(
      (found) => setSaid(found?.click ? t(found.other_phone ? 'connector.may-ring' : 'connector.may-click') : null),
      (e: unknown) => setSaid(whyNot(e)),
    );
  };
  // Whoever may not call with a click there finds no button that does.
  const cannot = may[id]?.click === false;
  const mayRing = may[id]?.other_phone === true;

  const wanted = query.trim().toLocaleLowerCase(i18n.locale);
  const others = useMemo(() => (found?.members ?? []).filter((m) => m.id !== host?.me), [found, host]);
  const chosen = useMemo(() => others.filter((m) => m.id === only), [others, only]);
  const fits = useMemo(
    () => (chosen.length > 0 ? chosen : others.filter((m) => m.name.toLocaleLowerCase(i18n.locale).includes(wanted))),
    [chosen, others, wanted, i18n.locale],
  );
  const drawn = useMemo(() => fits.slice(0, DRAWN), [fits]);
  const { numbers, refused, unread } = useNumbers(setup, tokens, drawn, turn);

  const call = useCallback(
    async (number: string) => {
      const to = plain(number);
      setSaid(null);
      if (!to) return setSaid(t('connector.wrong-number'));
      if (!way || !setup) return setSaid(t('connector.no-way'));
      const before = calling.current;
      if (before === to) return undefined;
      try {
        if (way.scheme) {
          await byAddress(tenant, setup, tokens, way, to);
          return setSaid(t('connector.handed-over'));
        }
        if (!tokens) return setSaid(t('connector.unavailable'));
        calling.current = to;
        // One that is refused takes nothing of the one that is under way: it can still be hung up.
        const tell = (one: Begun) => {
          setBegun(one);
          if (one.progress === 'over' || one.progress === 'handed-over') calling.current = null;
        };
        const ring = mayRing ? plain(settings.rings[id] ?? '') : null;
        hangUp.current = await byServer(setup, tokens, way, to, proof, ring, tell);
      } catch (e) {
        calling.current = before;
        setSaid(whyNot(e));
      }
      return undefined;
    },
    [id, mayRing, proof, settings.rings, setup, t, tenant, tokens, way, whyNot],
  );

  const change = (next: typeof settings) => {
    setSettings(next);
    keepSettings(place, next);
  };
  const chooseWay = (next: string) => {
    // What was said is about the way before.
    setSaid(null);
    change({ ...settings, way: next });
  };
  const keepPass = (found: LinePass) => {
    change({ ...settings, way: found.pbx, passes: { ...settings.passes, [found.pbx]: found.pass } });
    setSaid(t('connector.pass-kept'));
  };
  /** A pass that came: kept where there is none yet; where there is another one, the person is asked. */
  const takePass = (text: string | undefined): boolean => {
    const found = passIn(text);
    if (!found) return false;
    const kept = settings.passes[found.pbx];
    if (kept === undefined || kept === found.pass) keepPass(found);
    else setReplacing([{ pbx: found.pbx, pass: kept }, found]);
    return true;
  };
  // A link of an administrator opened the tab: what it brought is kept, here and nowhere else. Looked at once.
  const brought = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (brought.current === host?.brought) return;
    brought.current = host?.brought;
    takePass(host?.brought);
  });

  if (!host) return <Page styles={styles} note={t('connector.outside')} />;
  if (!setup) return <Page styles={styles} note={t('connector.no-setup')} />;

  const progress = begun && (begun.progress === 'over' ? (OVER[begun.reason ?? ''] ?? 'connector.over-failed') : (PROGRESS[begun.progress] ?? 'connector.asked'));
  const isOver = begun === null || begun.progress === 'over' || begun.progress === 'handed-over';
  const wayName = (w: Way) => w.name || (w.kind === 'own' ? t('connector.way-own') : w.scheme === 'tel' ? t('connector.way-tel') : (w.id ?? ''));
  return (
    <main className={styles.page}>
      <h1 className={styles.title}>{nameOf(setup.brand, i18n.locale) ?? t('connector.title')}</h1>
      {trouble && (
        <MessageBar intent={trouble === 'unavailable' ? 'info' : 'warning'} layout="multiline">
          <MessageBarBody>
            {t(trouble === 'unavailable' && ways.length === 0 ? 'connector.unavailable-calls' : TROUBLES[trouble])} {trouble !== 'unavailable' && <Link as="button" onClick={again}>{t('connector.again')}</Link>}
          </MessageBarBody>
        </MessageBar>
      )}
      {refused && !trouble && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            {t('connector.numbers-refused')} <Link as="button" onClick={again}>{t('connector.again')}</Link>
          </MessageBarBody>
        </MessageBar>
      )}
      {unread && !refused && !trouble && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            {t('connector.numbers-unread')} <Link as="button" onClick={again}>{t('connector.again')}</Link>
          </MessageBarBody>
        </MessageBar>
      )}
      <div role="status" aria-live="polite">
        {said && (
          <MessageBar layout="multiline">
            <MessageBarBody>{said}</MessageBarBody>
          </MessageBar>
        )}
        {progress && !(said && isOver) && (
          <MessageBar layout="multiline">
            <MessageBarBody>
              {t(progress)}{' '}
              {!isOver && hangUp.current && <Link as="button" onClick={() => void hangUp.current?.()}>{t('connector.hang-up')}</Link>}
            </MessageBarBody>
          </MessageBar>
        )}
      </div>
      <form
        className={styles.row}
        onSubmit={(e) => {
          e.preventDefault();
          void call(typed);
        }}
      >
        <Field label={t('connector.other')}>
          <Input type="tel" value={typed} maxLength={40} autoComplete="off" onChange={(_, d) => setTyped(d.value)} />
        </Field>
        <Button type="submit" appearance="primary" disabled={cannot || typed.trim() === ''}>{t('connector.call')}</Button>
        <Button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>{t('connector.settings')}</Button>
      </form>
      {way?.line === 'typed' && (
        <Field label={t('connector.line')}>
          <Input
            value={settings.lines[id] ?? ''}
            maxLength={LONGEST_LINE}
            autoComplete="off"
            onChange={(_, d) => change({ ...settings, lines: { ...settings.lines, [id]: d.value } })}
          />
        </Field>
      )}
      {way?.wants_password && (
        <form
          className={styles.row}
          onSubmit={(e) => {
            e.preventDefault();
            if (saysMay && proof.password && proof.line) lookPressed();
          }}
        >
          <Field label={t('connector.password')}>
            <Input type="password" value={password} autoComplete="off" onChange={(_, d) => setPassword(d.value)} />
          </Field>
          {saysMay && <Button type="submit" disabled={!proof.password || !proof.line}>{t('connector.look')}</Button>}
        </form>
      )}
      {cannot && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{t('connector.no-click')}</MessageBarBody>
        </MessageBar>
      )}
      {open && (
        <section className={styles.settings} aria-label={t('connector.settings')}>
          <Field label={t('connector.way')}>
            <RadioGroup value={way ? keyOf(way) : ''} onChange={(_, d) => chooseWay(d.value)}>
              {ways.map((w) => <Radio key={keyOf(w)} value={keyOf(w)} label={w.untried ? `${wayName(w)} (${t('connector.untried')})` : wayName(w)} />)}
            </RadioGroup>
          </Field>
          {mayRing && (
            <Field label={t('connector.ring')}>
              <Input
                type="tel"
                value={settings.rings[id] ?? ''}
                maxLength={40}
                autoComplete="off"
                onChange={(_, d) => change({ ...settings, rings: { ...settings.rings, [id]: d.value } })}
              />
            </Field>
          )}
          {ways.some((w) => w.line === 'pass') && (
            <Field label={t('connector.pass')} {...(pasted && !passIn(pasted) ? { validationMessage: t('connector.pass-wrong') } : {})}>
              <Input
                value={pasted}
                autoComplete="off"
                onChange={(_, d) => setPasted(takePass(d.value) ? '' : d.value)}
              />
            </Field>
          )}
          <Checkbox label={t('connector.show-business')} checked={settings.business} onChange={(_, d) => change({ ...settings, business: d.checked === true })} />
          <Checkbox label={t('connector.show-mobile')} checked={settings.mobile} onChange={(_, d) => change({ ...settings, mobile: d.checked === true })} />
        </section>
      )}
      <ReplacePass
        setup={setup}
        tokens={tokens ?? (trouble ? null : undefined)}
        i18n={i18n}
        passes={replacing}
        chosen={(takes) => {
          setReplacing(null);
          if (takes && replacing) keepPass(replacing[1]);
        }}
      />
      {listed(host, setup).kind === 'personal' ? (
        <p className={styles.quiet}>{t('connector.personal')}</p>
      ) : (
        <>
          {chosen.length > 0 && <div><Button onClick={() => setOnly(null)}>{t('connector.everybody')}</Button></div>}
          {found && chosen.length === 0 && (
            <Field label={t('connector.search')}>
              <Input type="search" value={query} onChange={(_, d) => setQuery(d.value)} />
            </Field>
          )}
          {!found && !trouble && <Spinner label={t('connector.loading')} />}
          {found && fits.length === 0 && <p className={styles.quiet}>{t('connector.nobody')}</p>}
          <ul className={styles.list}>
            {drawn.map((m) => (
              <Person key={m.id} member={m} numbers={numbers.get(m.id)} settings={settings} own={host.directory} teams={setup.teams} i18n={i18n} styles={styles} call={call} cannot={cannot} />
            ))}
          </ul>
          {fits.length > DRAWN && <p className={styles.quiet}>{t('connector.more', { count: fits.length - DRAWN })}</p>}
          {found?.more && <p className={styles.quiet}>{t('connector.too-many', { count: MOST_MEMBERS })}</p>}
        </>
      )}
      {setup.brand && (
        <footer className={styles.foot}>
          <span className={styles.quiet}>{setup.brand.company}</span>
          <Link as="button" onClick={() => void openPage(setup.brand?.privacy ?? '')}>{t('connector.privacy')}</Link>
          <Link as="button" onClick={() => void openPage(setup.brand?.terms ?? '')}>{t('connector.terms')}</Link>
        </footer>
      )}
    </main>
  );
}

function Page({ styles, note }: { styles: Record<'page', string>; note: string }) {
  return (
    <main className={styles.page}>
      <MessageBar layout="multiline">
        <MessageBarBody>{note}</MessageBarBody>
      </MessageBar>
    </main>
  );
}

function Person({
  member,
  numbers,
  settings,
  own,
  teams,
  i18n,
  styles,
  call,
  cannot,
}: {
  member: Member;
  numbers: Numbers | undefined;
  settings: { business: boolean; mobile: boolean };
  own: string | undefined;
  teams: string;
  i18n: I18n;
  styles: Record<'person' | 'name' | 'quiet', string>;
  call: (number: string) => Promise<unknown>;
  cannot: boolean;
}) {
  const { t } = i18n;
  const guest = member.directory !== null && own !== undefined && member.directory !== own;
  const business = settings.business ? (numbers?.business ?? []) : [];
  const mobile = settings.mobile && numbers?.mobile ? [numbers.mobile] : [];
  const address = numbers?.address;
  return (
    <li className={styles.person}>
      <span className={styles.name}>
        <bdi>{member.name}</bdi> {guest && <span className={styles.quiet}>({t('connector.guest')})</span>}
      </span>
      {business.map((n) => <Button key={n} size="small" disabled={cannot} onClick={() => void call(n)}>{t('connector.business', { number: i18n.phone(n) })}</Button>)}
      {mobile.map((n) => <Button key={n} size="small" disabled={cannot} onClick={() => void call(n)}>{t('connector.mobile', { number: i18n.phone(n) })}</Button>)}
      {numbers && numbers.business.length === 0 && !numbers.mobile && <span className={styles.quiet}>{t('connector.no-number')}</span>}
      {address && <Button size="small" appearance="subtle" aria-label={t('connector.teams', { name: member.name })} onClick={() => void callInTeams(teams, address)}>Teams</Button>}
    </li>
  );
}
