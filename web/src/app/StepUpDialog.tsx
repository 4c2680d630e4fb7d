// The form by which somebody signs in once more.

import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, makeStyles } from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import { credentials, setCredentials } from '@/shared/api/credentials';
import { ApiError } from '@/shared/api/problem';
import { useI18n } from '@/shared/i18n';
import { microsoftAddress, personas, signIn, signInAs, useSession, ways } from '@/shared/session';
import { isGivenUp, passkeyHindrance, signInWithPasskey } from '@/shared/session/passkeys';
import { Note } from '@/shared/ui/Note';
import type { Asked } from './StepUp';

const useStyles = makeStyles({
  content: { display: 'flex', flexDirection: 'column', gap: '12px' },
  form: { display: 'contents' },
});

/** Why it is asked, and the ways to sign in. */
export function StepUpDialog({ detail, answer }: Asked) {
  const { t } = useI18n();
  const styles = useStyles();
  const { user, role } = useSession();
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState('');
  const [needsCode, setNeedsCode] = useState(false);
  const [tenant, setTenant] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [microsoft, setMicrosoft] = useState(false);
  const [persona, setPersona] = useState<string | null>(null);
  useEffect(() => {
    void ways().then((found) => setMicrosoft(found.microsoft));
    void personas().then((all) => setPersona(all.find((p) => p.role === role)?.id ?? null));
  }, [role]);
  const attempt = async (what: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    const before = credentials();
    try {
      await what();
      answer(true);
    } catch (e) {
      // The session that there is goes on.
      setCredentials(before);
      setBusy(false);
      if (isGivenUp(e)) return;
      const { status, code } = e instanceof ApiError ? e : { status: 0, code: null };
      // Not wrong, only not all: the field for it appears.
      if (code === 'second-factor') setNeedsCode(true);
      else if (code === 'tenant') setTenant((now) => now ?? '');
      else setError(t(status === 0 ? 'app.no-server' : status === 429 ? 'app.sign-in-slow' : 'app.sign-in-wrong'));
    }
  };
  const code = totp.replace(/\s/g, '');
  const submit = () => {
    if (user === null) return;
    void attempt(() => signIn({ user, password, ...(tenant ? { tenant } : {}), ...(code ? { totp: code } : {}) }));
  };
  return (
    <Dialog open onOpenChange={(_, d) => !d.open && answer(false)}>
      <DialogSurface>
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <DialogBody>
            <DialogTitle>{t('app.sign-in-again')}</DialogTitle>
            <DialogContent className={styles.content}>
              <span>{t('app.step-up-say')}</span>
              {detail && <span lang="en">{detail}</span>}
              {error && <Note intent="error">{error}</Note>}
              {user !== null && (
                <Field label={t('app.password')} required>
                  <Input type="password" value={password} autoFocus autoComplete="current-password" onChange={(_, d) => setPassword(d.value)} />
                </Field>
              )}
              {tenant !== null && (
                <Field label={t('app.tenant')} required>
                  <Input value={tenant} autoCapitalize="none" onChange={(_, d) => setTenant(d.value)} />
                </Field>
              )}
              {needsCode && (
                <Field label={t('app.totp')} required>
                  <Input value={totp} autoFocus inputMode="numeric" autoComplete="one-time-code" maxLength={12} onChange={(_, d) => setTotp(d.value)} />
                </Field>
              )}
              {microsoft && <span>{t('app.step-up-microsoft')}</span>}
            </DialogContent>
            <DialogActions fluid>
              <Button onClick={() => answer(false)}>{t('app.cancel')}</Button>
              {persona !== null && (
                <Button disabled={busy} onClick={() => void attempt(() => signInAs(persona))}>
                  {t('app.step-up-demo')}
                </Button>
              )}
              {microsoft && (
                <Button as="a" href={microsoftAddress(window.location.pathname)}>
                  {t('app.with-microsoft')}
                </Button>
              )}
              {passkeyHindrance() === null && (
                <Button disabled={busy} onClick={() => void attempt(signInWithPasskey)}>
                  {t('app.with-passkey')}
                </Button>
              )}
              <Button type="submit" appearance="primary" disabled={busy || user === null || !password}>
                {t('app.sign-in')}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
