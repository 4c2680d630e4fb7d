// Licences of the Microsoft tenant: how many are left, and giving one to a user or taking it back, after what would be done
// was said.

import { Button, Field, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '@/shared/api/client';
import { usersQuery } from '@/shared/api/names';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { Failed } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { licencesQuery, type LicenceChange } from './api';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: '12px' },
  table: { borderCollapse: 'collapse', width: '100%', maxWidth: '560px' },
  head: { textAlign: 'end', padding: '4px 0 4px 12px', fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightRegular, color: tokens.colorNeutralForeground2 },
  name: { textAlign: 'start', padding: '6px 0', fontWeight: tokens.fontWeightRegular, overflowWrap: 'anywhere' },
  cell: { textAlign: 'end', padding: '6px 0 6px 12px', fontVariantNumeric: 'tabular-nums' },
  form: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: '8px 12px' },
  select: { minWidth: '180px' },
  act: { alignSelf: 'flex-start' },
});

export function Licences() {
  const { t, n } = useI18n();
  const styles = useStyles();
  const found = useQuery(licencesQuery);
  const { data } = found;
  return (
    <Section title={t('system.feature-licences')}>
      <div className={styles.box}>
        {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
        {data && !data.signed_in && (
          <>
            <span>{t('system.licences-sign-in-say')}</span>
            <Button as="a" className={styles.act} href="/api/v1/microsoft/licences/sign-in">
              {t('system.licences-sign-in')}
            </Button>
          </>
        )}
        {data?.signed_in && (
          <>
            <table className={styles.table} aria-label={t('system.feature-licences')}>
              <thead>
                <tr>
                  <th scope="col" className={styles.name}>
                    {t('system.licence-product')}
                  </th>
                  {(['units', 'used', 'left'] as const).map((head) => (
                    <th key={head} scope="col" className={styles.head}>
                      {t(`system.licence-${head}`)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {data.licences.map((licence) => (
                  <tr key={licence.sku}>
                    <th scope="row" className={styles.name}>
                      {clean(licence.name)}
                    </th>
                    {[licence.units, licence.used, licence.left].map((count, at) => (
                      <td key={at} className={styles.cell}>
                        {count == null ? '–' : n(count)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
            <Change products={data.licences} />
          </>
        )}
      </div>
    </Section>
  );
}

interface Wanted {
  user: string;
  sku: string;
  way: 'add' | 'remove';
}

function Change({ products }: { products: readonly { sku: string; name: string }[] }) {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const queries = useQueryClient();
  const users = useQuery(usersQuery).data ?? [];
  const [wanted, setWanted] = useState<Wanted>({ user: '', sku: '', way: 'add' });
  const send = (dry_run: boolean) => {
    const body = { users: [wanted.user], [wanted.way]: [wanted.sku], dry_run };
    return ask<LicenceChange[]>('POST', '/microsoft/licences', { body });
  };
  const look = useMutation({ mutationFn: () => send(true), onError: say.fail });
  const act = useMutation({
    mutationFn: () => send(false),
    onError: say.fail,
    onSuccess: (changes) => {
      look.reset();
      if (changes.every((c) => c.done)) say.done(t('system.licence-done'));
      else say.warn(changes.flatMap((c) => c.against).join(' '));
      return queries.invalidateQueries({ queryKey: licencesQuery.queryKey });
    },
  });
  const choose = (change: Partial<Wanted>) => {
    look.reset();
    setWanted({ ...wanted, ...change });
  };
  const ready = wanted.user !== '' && wanted.sku !== '';
  const [would] = look.data ?? [];
  const name = clean(users.find((u) => u.id === wanted.user)?.name || wanted.user);
  const product = clean(products.find((p) => p.sku === wanted.sku)?.name ?? '');
  const nothing = would !== undefined && would.against.length === 0 && would.add.length + would.remove.length === 0;
  return (
    <>
      <div className={styles.form}>
        <Field label={t('system.licence-user')}>
          <Select className={styles.select} value={wanted.user} onChange={(_, d) => choose({ user: d.value })}>
            <option value="" />
            {users.map((u) => (
              <option key={u.id} value={u.id}>
                {clean(u.name || u.id)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t('system.licence-product')}>
          <Select className={styles.select} value={wanted.sku} onChange={(_, d) => choose({ sku: d.value })}>
            <option value="" />
            {products.map((p) => (
              <option key={p.sku} value={p.sku}>
                {clean(p.name)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t('system.licence-way')}>
          <Select value={wanted.way} onChange={(_, d) => choose({ way: d.value === 'remove' ? 'remove' : 'add' })}>
            <option value="add">{t('system.licence-add')}</option>
            <option value="remove">{t('system.licence-remove')}</option>
          </Select>
        </Field>
        <Button disabled={!ready || look.isPending} onClick={() => look.mutate()}>
          {t('system.licence-look')}
        </Button>
      </div>
      {would && would.against.length > 0 && (
        <Note intent="warning">
          <span lang="en">{would.against.join(' ')}</span>
        </Note>
      )}
      {nothing && <Note intent="info">{t('system.licence-nothing')}</Note>}
      {would && would.against.length === 0 && !nothing && (
        <Note
          intent="info"
          action={
            <Button appearance="primary" disabled={act.isPending} onClick={() => act.mutate()}>
              {t('system.licence-do')}
            </Button>
          }
        >
          {t(`system.licence-would-${wanted.way}`, { product, name })}
        </Note>
      )}
    </>
  );
}
