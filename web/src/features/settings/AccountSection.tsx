import { Button, Field, Input, Link, makeStyles, Text, tokens } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useAbilities } from '@/shared/api/abilities';
import { useI18n } from '@/shared/i18n';
import { changePassword, confirmSecondFactor, proposeSecondFactor, useSession } from '@/shared/session';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { Passkeys } from './Passkeys';

const useStyles = makeStyles({
  parts: { display: 'flex', flexDirection: 'column', gap: '20px' },
  form: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'stretch' },
  send: { alignSelf: 'flex-start' },
  secret: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere', userSelect: 'all' },
});

/** The password and the second factor of whoever is signed in with an account. */
export function AccountSection() {
  const { t } = useI18n();
  const styles = useStyles();
  const session = useSession();
  const can = useAbilities();
  if (session.byToken || !can('put', '/session/password')) return null;
  return (
    <Section title={t('settings.account')}>
      <div className={styles.parts}>
        <PasswordForm />
        {can('post', '/session/passkeys') && <Passkeys />}
        {can('put', '/session/second-factor') && <SecondFactorForm on={session.secondFactor} />}
      </div>
    </Section>
  );
}

function Form({ send, children }: { send: () => void; children: ReactNode }) {
  const styles = useStyles();
  return (
    <form
      className={styles.form}
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      {children}
    </form>
  );
}

function PasswordForm() {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const session = useSession();
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const change = useMutation({
    mutationFn: () => changePassword(old, next),
    onError: say.fail,
    onSuccess: () => {
      setOld('');
      setNext('');
      say.done(t('settings.password-changed'));
    },
  });
  return (
    <Form send={() => change.mutate()}>
      {/* So that the browser knows whose password it keeps. */}
      <input type="text" autoComplete="username" value={session.user ?? ''} readOnly hidden />
      <Field label={t('settings.password-so-far')}>
        <Input type="password" autoComplete="current-password" value={old} onChange={(_, d) => setOld(d.value)} />
      </Field>
      <Field label={t('app.new-password')}>
        <Input type="password" autoComplete="new-password" value={next} onChange={(_, d) => setNext(d.value)} />
      </Field>
      <Button type="submit" className={styles.send} disabled={!old || !next || change.isPending}>
        {t('settings.change-password')}
      </Button>
    </Form>
  );
}

function SecondFactorForm({ on }: { on: boolean }) {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const propose = useMutation({ mutationFn: () => proposeSecondFactor(password), onError: say.fail });
  const confirm = useMutation({
    mutationFn: () => confirmSecondFactor(code.replace(/\s/g, '')),
    onError: say.fail,
    onSuccess: () => {
      propose.reset();
      setPassword('');
      setCode('');
      say.done(t('settings.second-factor-done'));
    },
  });
  const made = propose.data;
  return (
    <div className={styles.form}>
      <Text weight="semibold">{t('settings.second-factor')}</Text>
      <Text>{t(on ? 'settings.second-factor-on' : 'settings.second-factor-off')}</Text>
      {made ? (
        <Form send={() => confirm.mutate()}>
          <Text>{t('settings.second-factor-secret')}</Text>
          <span className={styles.secret}>{made.secret.match(/.{1,4}/g)?.join(' ')}</span>
          {made.uri.startsWith('otpauth:') && <Link href={made.uri}>{t('settings.second-factor-open')}</Link>}
          <Field label={t('settings.second-factor-code')}>
            <Input inputMode="numeric" autoComplete="one-time-code" maxLength={12} value={code} onChange={(_, d) => setCode(d.value)} />
          </Field>
          <Button type="submit" className={styles.send} disabled={!code || confirm.isPending}>
            {t('settings.confirm')}
          </Button>
        </Form>
      ) : (
        <Form send={() => propose.mutate()}>
          <Field label={t('app.password')}>
            <Input type="password" autoComplete="current-password" value={password} onChange={(_, d) => setPassword(d.value)} />
          </Field>
          <Button type="submit" className={styles.send} disabled={!password || propose.isPending}>
            {t(on ? 'settings.second-factor-anew' : 'settings.second-factor-begin')}
          </Button>
        </Form>
      )}
    </div>
  );
}
