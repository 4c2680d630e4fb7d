import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, makeStyles } from '@fluentui/react-components';
import { useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { useEntries, type Person } from './api';

const useStyles = makeStyles({
  content: { display: 'flex', flexDirection: 'column', gap: '12px' },
  form: { display: 'contents' },
  gone: { marginInlineEnd: 'auto' },
});

interface Props {
  /** Somebody who was entered; null for somebody new. */
  person: Person | null;
  close: () => void;
}

/** Somebody whom Teams does not know: entered, changed or erased by an owner. */
export function EntryDialog({ person, close }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const [name, setName] = useState(person?.name ?? '');
  const [business, setBusiness] = useState(person?.business.join(', ') ?? '');
  const [mobile, setMobile] = useState(person?.mobile ?? '');
  const [mail, setMail] = useState(person?.mail ?? '');
  const { keep, erase } = useEntries(close);
  const submit = () => {
    const numbers = business.split(/[,;]/).map((n) => n.trim()).filter(Boolean);
    keep.mutate({ id: person?.id ?? null, entry: { name: name.trim(), business: numbers, mobile: mobile.trim(), mail: mail.trim() } });
  };
  const busy = keep.isPending || erase.isPending;
  return (
    <Dialog open onOpenChange={(_, d) => !d.open && close()}>
      <DialogSurface>
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <DialogBody>
            <DialogTitle>{t(person ? 'people.entry-change' : 'people.entry-new')}</DialogTitle>
            <DialogContent className={styles.content}>
              <span>{t('people.entry-say')}</span>
              <Field label={t('people.entry-name')} required>
                <Input value={name} autoFocus maxLength={100} onChange={(_, d) => setName(d.value)} />
              </Field>
              <Field label={t('people.kind-business')} hint={t('people.entry-numbers')}>
                <Input value={business} inputMode="tel" maxLength={400} onChange={(_, d) => setBusiness(d.value)} />
              </Field>
              <Field label={t('people.kind-mobile')}>
                <Input value={mobile} inputMode="tel" maxLength={40} onChange={(_, d) => setMobile(d.value)} />
              </Field>
              <Field label={t('people.entry-mail')}>
                <Input value={mail} type="email" maxLength={100} onChange={(_, d) => setMail(d.value)} />
              </Field>
            </DialogContent>
            <DialogActions fluid>
              {person && (
                <Button className={styles.gone} disabled={busy} onClick={() => erase.mutate(person.id)}>
                  {t('people.entry-erase')}
                </Button>
              )}
              <Button onClick={close}>{t('app.cancel')}</Button>
              <Button type="submit" appearance="primary" disabled={busy || !name.trim()}>
                {t('people.entry-keep')}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
