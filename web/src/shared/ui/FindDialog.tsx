import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Input,
  makeStyles,
} from '@fluentui/react-components';
import { Search20Regular } from '@fluentui/react-icons';
import type { ReactNode } from 'react';
import { useI18n } from '@/shared/i18n';
import { Empty } from './Feedback';

const useStyles = makeStyles({
  body: { display: 'flex', flexDirection: 'column', gap: '12px' },
  list: { maxHeight: 'min(360px, 50vh)', overflowY: 'auto', padding: 0, listStyleType: 'none' },
});

interface Props {
  title: string;
  /** What can be typed. */
  find: string;
  text: string;
  setText: (text: string) => void;
  /** Said when there is nothing to choose; null when there is. */
  none: string | null;
  close: () => void;
  /** The items of a list. */
  children: ReactNode;
}

/** Somebody or something is found by a few letters and chosen from a list. */
export function FindDialog({ title, find, text, setText, none, close, children }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  return (
    <Dialog open onOpenChange={(_, d) => !d.open && close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent className={styles.body}>
            <Input
              value={text}
              type="search"
              contentBefore={<Search20Regular />}
              placeholder={find}
              aria-label={find}
              onChange={(_, d) => setText(d.value)}
            />
            <ul className={styles.list}>{children}</ul>
            {none !== null && <Empty>{none}</Empty>}
          </DialogContent>
          <DialogActions>
            <Button onClick={close}>{t('app.cancel')}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
