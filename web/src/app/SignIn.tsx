import { Button, Field, Input, makeStyles, Text, Title3, tokens } from '@fluentui/react-components';
import { ChevronRight20Regular } from '@fluentui/react-icons';
import { useEffect, useState, type ReactNode } from 'react';
import { ApiError } from '@/shared/api/problem';
import { useI18n } from '@/shared/i18n';
import {
  microsoftAddress,
  personas,
  signIn,
  signInAs,
  signInWithToken,
  takeUpInvitation,
  ways,
  type Account as AccountData,
  type Persona,
} from '@/shared/session';
import { isGivenUp, passkeyHindrance, signInWithPasskey } from '@/shared/session/passkeys';
import { Bdi } from '@/shared/ui/Bdi';
import { Face } from '@/shared/ui/Face';
import { Note } from '@/shared/ui/Note';
import { Mark } from './Mark';

const useStyles = makeStyles({
  page: {
    height: '100%',
    overflowY: 'auto',
    backgroundColor: tokens.colorNeutralBackground3,
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    padding: '24px 16px',
  },
  box: { width: '100%', maxWidth: '400px', margin: 'auto', display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL },
  head: { display: 'flex', flexDirection: 'column', alignItems: 'center', gap: tokens.spacingVerticalM, textAlign: 'center' },
  card: {
    padding: '20px',
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    backgroundColor: tokens.colorNeutralBackground1,
    borderRadius: tokens.borderRadiusXLarge,
    border: `1px solid ${tokens.colorTransparentStroke}`,
    boxShadow: tokens.shadow4,
  },
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  personas: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, listStyleType: 'none', margin: 0, padding: 0 },
  persona: { width: '100%', justifyContent: 'flex-start', padding: '8px 12px', textAlign: 'start', gap: '8px' },
  personaText: { display: 'flex', flexDirection: 'column', alignItems: 'flex-start', flexGrow: 1, minWidth: 0 },
  quiet: { color: tokens.colorNeutralForeground2 },
  ways: { display: 'flex', justifyContent: 'center', gap: tokens.spacingHorizontalS, flexWrap: 'wrap' },
});

type Way = 'account' | 'token';

/** Why somebody who came back from Microsoft is not signed in, as the server says it in the page's address. */
const REFUSALS = ['again', 'denied', 'unknown', 'unavailable'] as const;

function refusal() {
  const said = new URLSearchParams(window.location.search).get('sign-in');
  return REFUSALS.find((word) => word === said) ?? null;
}

interface Props {
  /** Whether there was a session until now. */
  lost: boolean;
  /** The code of an invitation that is being taken up. */
  invitation: string | null;
  takenUp: () => void;
}

export function SignIn({ lost, invitation, takenUp }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const [found, setFound] = useState<Persona[] | null>(null);
  const [microsoft, setMicrosoft] = useState(false);
  const [way, setWay] = useState<Way | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  // What the server asked for beside the password.
  const [needs, setNeeds] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    void ways().then((found) => setMicrosoft(found.microsoft));
    void personas().then(setFound);
  }, []);
  const attempt = async (what: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await what();
    } catch (e) {
      setBusy(false);
      if (isGivenUp(e)) return;
      const { status, code, detail } = e instanceof ApiError ? e : { status: 0, code: null, detail: '' };
      if (code === 'second-factor' || code === 'tenant') {
        // Not wrong, only not all: the field for it appears.
        setNeeds((all) => new Set(all).add(code));
      } else if (code === 'password') setError(`${t('app.password-unfit')} ${detail}`);
      else if (code === 'passkey-address') setError(t('app.passkey-address', { host: window.location.hostname }));
      else setError(t(status === 0 ? 'app.no-server' : status === 429 ? 'app.sign-in-slow' : 'app.sign-in-wrong'));
    }
  };
  const hindrance = passkeyHindrance();
  const withPasskey = () => {
    if (hindrance === null) void attempt(signInWithPasskey);
    else setError(t(`app.passkey-${hindrance}`, { host: window.location.hostname }));
  };
  if (found === null) return <div className={styles.page} />;
  if (invitation !== null) {
    const submit = async (password: string) => {
      await takeUpInvitation(invitation, password);
      setBusy(false);
      takenUp();
    };
    return (
      <main className={styles.page}>
        <div className={styles.box}>
          <div className={styles.head}>
            <Mark size={48} />
            <Title3 as="h1">{t('app.choose-password')}</Title3>
          </div>
          {error && <Note intent="error">{error}</Note>}
          <section className={styles.card}>
            <InvitationForm busy={busy} submit={(password) => void attempt(() => submit(password))} />
          </section>
        </div>
      </main>
    );
  }
  const refused = refusal();
  const shown = way ?? (found.length > 0 ? null : 'account');
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <div className={styles.head}>
          <Mark size={48} />
          <Title3 as="h1">{t('app.sign-in-title')}</Title3>
        </div>
        {lost && (
          <Note intent="warning">{t('app.sign-in-lost')}</Note>
        )}
        {error && (
          <Note intent="error">{error}</Note>
        )}
        {refused && !error && <Note intent="error">{t(`app.microsoft-${refused}`)}</Note>}
        {microsoft && (
          <Button as="a" size="large" appearance={found.length > 0 ? 'secondary' : 'primary'} href={microsoftAddress('/')}>
            {t('app.with-microsoft')}
          </Button>
        )}
        {found.length > 0 && (
          <section className={styles.card}>
            <div>
              <Text as="h2" size={400} weight="semibold" block>
                {t('app.demo-title')}
              </Text>
              <Text className={styles.quiet}>{t('app.demo-say')}</Text>
            </div>
            <ul className={styles.personas}>
              {found.map((p) => (
                <li key={p.id}>
                  <Button
                    className={styles.persona}
                    disabled={busy}
                    size="large"
                    onClick={() => void attempt(() => signInAs(p.id))}
                    icon={<Face name={p.name} />}
                  >
                    <span className={styles.personaText}>
                      <Text weight="semibold">
                        <Bdi>{p.name}</Bdi>
                      </Text>
                      <Text size={200} className={styles.quiet}>
                        {t(`words.role-${p.role}`)} · {t(`app.demo-${p.role}`)}
                      </Text>
                    </span>
                    <ChevronRight20Regular />
                  </Button>
                </li>
              ))}
            </ul>
          </section>
        )}
        {shown && (
          <section className={styles.card}>
            {shown === 'account' ? (
              <AccountForm busy={busy} needs={needs} submit={(a) => void attempt(() => signIn(a))} />
            ) : (
              <TokenForm busy={busy} submit={(token) => void attempt(() => signInWithToken(token))} />
            )}
          </section>
        )}
        <div className={styles.ways}>
          {hindrance !== 'browser' && (
            <Button appearance="subtle" disabled={busy} onClick={withPasskey}>
              {t('app.with-passkey')}
            </Button>
          )}
          {shown !== 'account' && (
            <Button appearance="subtle" onClick={() => setWay('account')}>
              {t('app.with-account')}
            </Button>
          )}
          {shown !== 'token' && (
            <Button appearance="subtle" onClick={() => setWay('token')}>
              {t('app.with-token')}
            </Button>
          )}
        </div>
      </div>
    </main>
  );
}

function Form({ submit, children }: { submit: () => void; children: ReactNode }) {
  const styles = useStyles();
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {children}
    </form>
  );
}

function AccountForm(props: { busy: boolean; needs: ReadonlySet<string>; submit: (account: AccountData) => void }) {
  const { t } = useI18n();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [tenant, setTenant] = useState('');
  const [totp, setTotp] = useState('');
  const code = totp.replace(/\s/g, '');
  const send = () =>
    props.submit({
      user: user.trim(),
      password,
      ...(tenant.trim() ? { tenant: tenant.trim() } : {}),
      ...(code ? { totp: code } : {}),
    });
  return (
    <Form submit={send}>
      {props.needs.has('tenant') && (
        <Field label={t('app.tenant')} required>
          <Input value={tenant} autoCapitalize="none" onChange={(_, d) => setTenant(d.value)} />
        </Field>
      )}
      <Field label={t('app.user')} required>
        <Input value={user} autoComplete="username" autoCapitalize="none" onChange={(_, d) => setUser(d.value)} />
      </Field>
      <Field label={t('app.password')} required>
        <Input type="password" value={password} autoComplete="current-password" onChange={(_, d) => setPassword(d.value)} />
      </Field>
      {props.needs.has('second-factor') && (
        <Field label={t('app.totp')} required>
          <Input
            value={totp}
            autoFocus
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={12}
            onChange={(_, d) => setTotp(d.value)}
          />
        </Field>
      )}
      <Button type="submit" appearance="primary" disabled={props.busy || !user.trim() || !password}>
        {t('app.sign-in')}
      </Button>
    </Form>
  );
}

/** The shortest password, in characters; the server says what else is wrong with one. */
const SHORTEST = 10;

function InvitationForm({ busy, submit }: { busy: boolean; submit: (password: string) => void }) {
  const { t } = useI18n();
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const same = password === again;
  return (
    <Form submit={() => submit(password)}>
      <Field label={t('app.new-password')} hint={t('app.password-hint', { count: SHORTEST })} required>
        <Input type="password" value={password} autoComplete="new-password" onChange={(_, d) => setPassword(d.value)} />
      </Field>
      <Field label={t('app.password-again')} required {...(again && !same ? { validationMessage: t('app.not-the-same') } : {})}>
        <Input type="password" value={again} autoComplete="new-password" onChange={(_, d) => setAgain(d.value)} />
      </Field>
      <Button type="submit" appearance="primary" disabled={busy || !same || password.length < SHORTEST}>
        {t('app.sign-in')}
      </Button>
    </Form>
  );
}

function TokenForm(props: { busy: boolean; submit: (token: string) => void }) {
  const { t } = useI18n();
  const [token, setToken] = useState('');
  return (
    <Form submit={() => props.submit(token)}>
      <Field label={t('app.token')} hint={t('app.token-hint')} required>
        <Input type="password" value={token} autoComplete="off" spellCheck={false} onChange={(_, d) => setToken(d.value)} />
      </Field>
      <Button type="submit" appearance="primary" disabled={props.busy || !token.trim()}>
        {t('app.sign-in')}
      </Button>
    </Form>
  );
}
