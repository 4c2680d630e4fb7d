import { Button, Field, Input, makeStyles, Text, tokens } from '@fluentui/react-components';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { addPasskey, isGivenUp, passkeyHindrance, passkeys, removePasskey, renamePasskey, type Passkey } from '@/shared/session/passkeys';
import { Note } from '@/shared/ui/Note';
import { useSay } from '@/shared/ui/toasts';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: '12px' },
  list: { display: 'flex', flexDirection: 'column', gap: '8px', margin: 0, padding: 0, listStyleType: 'none' },
  item: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px' },
  name: { flexGrow: 1, minWidth: '140px' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  send: { alignSelf: 'flex-start' },
});

const passkeysQuery = queryOptions({ queryKey: ['passkeys'], queryFn: ({ signal }) => passkeys(signal) });

/** The longest name, in characters. */
const LONGEST = 60;

/** Signing in with a finger, a face or a key in place of a password. */
export function Passkeys() {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const queries = useQueryClient();
  const found = useQuery(passkeysQuery).data ?? [];
  const hindrance = passkeyHindrance();
  const [password, setPassword] = useState('');
  const [name, setName] = useState('');
  const add = useMutation({
    mutationFn: () => addPasskey(password, name.trim()),
    onError: (e) => !isGivenUp(e) && say.fail(e),
    onSuccess: () => {
      setPassword('');
      setName('');
      say.done(t('settings.passkey-added'));
      return queries.invalidateQueries({ queryKey: passkeysQuery.queryKey });
    },
  });
  return (
    <div className={styles.box}>
      <Text weight="semibold">{t('settings.passkeys')}</Text>
      <Text>{t('settings.passkeys-say')}</Text>
      {found.length > 0 && (
        <ul className={styles.list}>
          {found.map((p) => (
            <Item key={p.id} passkey={p} />
          ))}
        </ul>
      )}
      {hindrance !== null ? (
        <Note intent="info">{t(`app.passkey-${hindrance}`, { host: window.location.hostname })}</Note>
      ) : (
        <form
          className={styles.box}
          onSubmit={(e) => {
            e.preventDefault();
            add.mutate();
          }}
        >
          <Field label={t('settings.passkey-name')}>
            <Input maxLength={LONGEST} value={name} autoComplete="off" onChange={(_, d) => setName(d.value)} />
          </Field>
          <Field label={t('settings.passkey-password')}>
            <Input type="password" autoComplete="current-password" value={password} onChange={(_, d) => setPassword(d.value)} />
          </Field>
          <Button type="submit" className={styles.send} disabled={!password || !name.trim() || add.isPending}>
            {t('settings.passkey-add')}
          </Button>
        </form>
      )}
    </div>
  );
}

function Item({ passkey }: { passkey: Passkey }) {
  const { t, moment } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const queries = useQueryClient();
  const [name, setName] = useState(passkey.name);
  const settle = {
    onError: say.fail,
    onSettled: () => queries.invalidateQueries({ queryKey: passkeysQuery.queryKey }),
  };
  const rename = useMutation({ mutationFn: () => renamePasskey(passkey.id, name.trim()), ...settle });
  const remove = useMutation({ mutationFn: () => removePasskey(passkey.id), ...settle });
  const changed = name.trim() !== '' && name.trim() !== passkey.name;
  return (
    <li className={styles.item}>
      <Input
        className={styles.name}
        maxLength={LONGEST}
        value={name}
        aria-label={t('settings.passkey-name')}
        onChange={(_, d) => setName(d.value)}
        onBlur={() => changed && rename.mutate()}
      />
      <span className={styles.quiet}>
        {passkey.used ? t('settings.passkey-used', { time: moment(passkey.used) }) : t('settings.passkey-unused')}
      </span>
      <Button size="small" disabled={remove.isPending} aria-label={`${t('settings.passkey-remove')}: ${passkey.name}`} onClick={() => remove.mutate()}>
        {t('settings.passkey-remove')}
      </Button>
    </li>
  );
}
