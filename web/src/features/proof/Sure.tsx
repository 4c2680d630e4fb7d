import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useI18n } from '@/shared/i18n';

interface Props {
  title: string;
  /** What the button says that does it. */
  act: string;
  busy: boolean;
  close: () => void;
  go: () => void;
  children: ReactNode;
}

/** Asks once more before something that cannot be brought back. */
export function Sure(props: Props) {
  const { t } = useI18n();
  return (
    <Dialog open onOpenChange={(_, d) => !d.open && props.close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{props.title}</DialogTitle>
          <DialogContent>{props.children}</DialogContent>
          <DialogActions>
            <Button appearance="primary" disabled={props.busy} onClick={props.go}>
              {props.act}
            </Button>
            <Button onClick={props.close}>{t('app.cancel')}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
