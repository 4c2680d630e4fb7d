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
  Text,
  tokens,
} from '@fluentui/react-components';
import { Fragment, useCallback, useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { useLive, type LiveState } from '@/shared/live/store';
import { clean } from '@/shared/format/text';
import { Bdi } from '@/shared/ui/Bdi';
import { NO_BOUNDS, readBound, type Bounds } from './alarms';

const useStyles = makeStyles({
  scroll: { overflowX: 'auto', marginTop: '12px' },
  table: { borderCollapse: 'collapse', width: '100%' },
  head: { textAlign: 'start', fontWeight: tokens.fontWeightSemibold, fontSize: tokens.fontSizeBase200, padding: '4px 6px', verticalAlign: 'bottom' },
  cell: { padding: '3px 6px' },
  input: { width: '84px', minWidth: 0 },
});

interface Typed {
  waiting: string;
  longest: string;
  level: string;
}

const text = (n: number | null) => (n === null ? '' : String(n));
const typed = (b: Bounds): Typed => ({
  waiting: text(b.waiting),
  longest: text(b.longest),
  level: text(b.level === null ? null : Math.round(b.level * 100)),
});

function read(b: Typed): Bounds {
  const level = readBound(b.level, 1, 100);
  return {
    waiting: readBound(b.waiting, 0, 100_000),
    longest: readBound(b.longest, 1, 86_400),
    level: level === null ? null : level / 100,
  };
}

interface Props {
  bounds: Record<string, Bounds>;
  name: (id: string) => string;
  save: (bounds: Record<string, Bounds>) => void;
  close: () => void;
}

/** The bounds at which a queue's card turns red, for this browser. */
export function AlarmDialog({ bounds, name, save, close }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const ids = useLive(useCallback((s: LiveState) => [...s.queues.keys()].join('\n'), [])).split('\n').filter(Boolean);
  const [values, setValues] = useState<Record<string, Typed>>(() =>
    Object.fromEntries(ids.map((id) => [id, typed(bounds[id] ?? NO_BOUNDS)])),
  );
  const cell = (id: string, field: keyof Typed, label: string) => (
    <td className={styles.cell}>
      <Input
        size="small"
        inputMode="numeric"
        className={styles.input}
        aria-label={`${clean(name(id))}: ${label}`}
        value={values[id]?.[field] ?? ''}
        onChange={(_, d) => setValues((all) => ({ ...all, [id]: { ...(all[id] ?? typed(NO_BOUNDS)), [field]: d.value } }))}
      />
    </td>
  );
  const columns = [
    ['waiting', t('floor.bound-waiting')],
    ['longest', t('floor.bound-longest')],
    ['level', t('floor.bound-level')],
  ] as const;
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t('floor.alarms')}</DialogTitle>
          <DialogContent>
            <Text>{t('floor.alarms-say')}</Text>
            <div className={styles.scroll}>
              <table className={styles.table}>
                <thead>
                  <tr>
                    <th scope="col" className={styles.head}>
                      {t('floor.queue')}
                    </th>
                    {columns.map(([field, label]) => (
                      <th key={field} scope="col" className={styles.head}>
                        {label}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {ids.map((id) => (
                    <tr key={id}>
                      <th scope="row" className={styles.head}>
                        <Bdi>{name(id)}</Bdi>
                      </th>
                      {columns.map(([field, label]) => (
                        <Fragment key={field}>{cell(id, field, label)}</Fragment>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </DialogContent>
          <DialogActions>
            <Button onClick={close}>{t('app.cancel')}</Button>
            <Button
              appearance="primary"
              onClick={() => save(Object.fromEntries(Object.entries(values).map(([id, b]) => [id, read(b)])))}
            >
              {t('floor.save')}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

