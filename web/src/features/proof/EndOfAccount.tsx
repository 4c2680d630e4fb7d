import { Button, Field, Input, useRestoreFocusTarget } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { endAccount } from '@/shared/session/closing';
import { Section } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { useListStyles } from './list';
import { Sure } from './Sure';

/** Ends the account, for owners: nobody is signed in afterwards, and the page goes on with the receipt. */
export function EndOfAccount() {
  const { t } = useI18n();
  const styles = useListStyles();
  const say = useSay();
  const back = useRestoreFocusTarget();
  const [tenant, setTenant] = useState('');
  const [days, setDays] = useState('');
  const [asks, setAsks] = useState(false);
  const end = useMutation({
    mutationFn: () => endAccount(tenant.trim(), days.trim() ? Number(days) : null),
    onSuccess: (place) => {
      // The page begins anew there: what it knows is of an account that is over.
      window.location.assign(place);
      if (window.location.pathname === '/closed') window.location.reload();
    },
    onError: (e) => {
      setAsks(false);
      say.fail(e);
    },
  });
  const isFit = /^\d{0,2}$/.test(days.trim());
  return (
    <Section title={t('proof.end')}>
      <span className={styles.quiet}>{t('proof.end-say')}</span>
      <Field label={t('proof.end-tenant')} style={{ maxWidth: '260px' }}>
        <Input value={tenant} maxLength={64} onChange={(_, d) => setTenant(d.value)} />
      </Field>
      <Field label={t('proof.end-days')} hint={t('proof.end-days-hint')} style={{ maxWidth: '260px' }}>
        <Input value={days} maxLength={2} inputMode="numeric" onChange={(_, d) => setDays(d.value)} />
      </Field>
      <Button {...back} style={{ marginTop: '8px' }} disabled={!tenant.trim() || !isFit} onClick={() => setAsks(true)}>
        {t('proof.end')}
      </Button>
      {asks && (
        <Sure title={t('proof.end-title', { tenant: tenant.trim() })} act={t('proof.end')} busy={end.isPending} close={() => setAsks(false)} go={() => end.mutate()}>
          {t(Number(days) === 0 && days.trim() ? 'proof.end-now' : 'proof.end-later')}
        </Sure>
      )}
    </Section>
  );
}
