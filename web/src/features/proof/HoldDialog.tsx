import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, makeStyles, Textarea } from '@fluentui/react-components';
import { useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { LONGEST, usePlace, type Held } from './people';

const useStyles = makeStyles({
  content: { display: 'flex', flexDirection: 'column', gap: '10px' },
});

interface Props {
  on: Held;
  /** What is to be kept, for people. */
  about: string;
  close: () => void;
  placed: (id: string) => void;
}

/** Places a legal hold, with its reason. */
export function HoldDialog({ on, about, close, placed }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const [reason, setReason] = useState('');
  const place = usePlace(placed);
  return (
    <Dialog open onOpenChange={(_, d) => !d.open && close()}>
      <DialogSurface>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            if (reason.trim()) place.mutate({ ...on, reason: reason.trim() });
          }}
        >
          <DialogBody>
            <DialogTitle>{t('proof.hold-title', { what: about })}</DialogTitle>
            <DialogContent className={styles.content}>
              <span>{t('proof.hold-say')}</span>
              <Field label={t('proof.reason')} required>
                <Textarea value={reason} maxLength={LONGEST} onChange={(_, d) => setReason(d.value)} />
              </Field>
            </DialogContent>
            <DialogActions>
              <Button type="submit" appearance="primary" disabled={!reason.trim() || place.isPending}>
                {t('proof.hold-place')}
              </Button>
              <Button onClick={close}>{t('app.cancel')}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
