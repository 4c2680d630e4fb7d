import { Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, makeStyles, Select } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { Failed, Loading } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { amountOf, everything, REASONS, useErase, type Erasure, type Person, type Reason } from './people';

const useStyles = makeStyles({
  content: { display: 'flex', flexDirection: 'column', gap: '10px' },
  list: { margin: 0, paddingInlineStart: '20px' },
});

interface Props {
  person: Person;
  /** The person's number as people write it. */
  number: string;
  close: () => void;
  gone: (erasure: Erasure) => void;
}

/** What will be gone, before it is: nothing here can be undone. */
export function EraseDialog({ person, number, close, gone }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const [sure, setSure] = useState(false);
  const [reason, setReason] = useState<Reason>('requested');
  const [held, setHeld] = useState<readonly string[]>(person.holds);
  const found = useQuery({ queryKey: ['person', person.id], queryFn: () => everything(person.id), gcTime: 0, staleTime: 0 });
  const erase = useErase((done) => {
    // A hold that was placed meanwhile: nothing is gone.
    if (done.kept_by.length > 0) setHeld(done.kept_by);
    else gone(done);
  });
  const amount = found.data && amountOf(found.data);
  return (
    <Dialog open onOpenChange={(_, d) => !d.open && close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t('proof.erase-title', { number })}</DialogTitle>
          <DialogContent className={styles.content}>
            {held.length > 0 && <Note intent="warning">{t('proof.erase-held', { count: held.length, holds: held.join(', ') })}</Note>}
            {found.isPending && <Loading />}
            {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
            {amount && held.length === 0 && (
              <>
                {person.kept_as === 'caller' ? (
                  <>
                    <span>{t('proof.erase-say')}</span>
                    <ul className={styles.list}>
                      <li>{t('proof.erase-number', { count: amount.names })}</li>
                      <li>{t('proof.erase-calls', { count: amount.calls })}</li>
                      <li>{t('proof.erase-recordings', { count: amount.recordings })}</li>
                      <li>{t('proof.erase-notes', { count: amount.notes })}</li>
                    </ul>
                    <span>{t('proof.erase-stays')}</span>
                  </>
                ) : (
                  <span>{t(`proof.erase-${person.kept_as}-say`)}</span>
                )}
                {person.kept_as === 'caller' && person.user && <Note intent="info">{t('proof.erase-user', { user: person.user })}</Note>}
                <Field label={t('proof.erase-reason')} hint={t('proof.erase-reason-hint')}>
                  <Select value={reason} onChange={(_, d) => setReason(REASONS.find((r) => r === d.value) ?? 'requested')}>
                    {REASONS.map((r) => (
                      <option key={r} value={r}>
                        {t(`proof.erase-for-${r}`)}
                      </option>
                    ))}
                  </Select>
                </Field>
                <Checkbox checked={sure} label={t('proof.erase-sure')} onChange={(_, d) => setSure(d.checked === true)} />
              </>
            )}
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" disabled={!amount || !sure || held.length > 0 || erase.isPending} onClick={() => erase.mutate({ id: person.id, reason })}>
              {t('proof.erase-do')}
            </Button>
            <Button onClick={close}>{t('app.cancel')}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
