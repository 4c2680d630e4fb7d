// The floor: queues, those who wait, and agents, as they are now.

import { Button, makeStyles, mergeClasses, Subtitle1, tokens, Tooltip } from '@fluentui/react-components';
import { AlertSettings, FullScreen, FullScreenExit } from './icons';
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { useNames } from '@/shared/api/names';
import { useI18n } from '@/shared/i18n';
import { useLive, type LiveState } from '@/shared/live/store';
import { atLeast, useSession } from '@/shared/session';
import { Loading } from '@/shared/ui/Feedback';
import { storedBounds, storeBounds, type Bounds } from './alarms';
import { QueueCards } from './QueueCards';
import { Totals } from './Totals';
import { Waiting } from './Waiting';

// Below the queues: they are there before it.
const Agents = lazy(async () => ({ default: (await import('./Agents')).Agents }));
// Only who is in somebody's call sees it.
const Supervision = lazy(async () => ({ default: (await import('./Supervision')).Supervision }));
const AlarmDialog = lazy(async () => ({ default: (await import('./AlarmDialog')).AlarmDialog }));

const NARROW = '@media (max-width: 719px)';

const useStyles = makeStyles({
  floor: { height: '100%', overflowY: 'auto', overflowX: 'hidden', backgroundColor: tokens.colorNeutralBackground2 },
  inside: {
    display: 'flex',
    flexDirection: 'column',
    gap: '16px',
    padding: '12px 24px 24px',
    [NARROW]: { padding: '8px 12px 20px', gap: '12px' },
  },
  full: { padding: '20px 32px' },
  head: { display: 'flex', alignItems: 'center', gap: '8px', minHeight: '32px' },
  gap: { flexGrow: 1 },
});

export function FloorPage() {
  const { t } = useI18n();
  const styles = useStyles();
  const session = useSession();
  const names = useNames();
  const steers = atLeast(session.role, 'supervisor');
  const floor = useRef<HTMLDivElement>(null);
  const [full, toggleFull] = useFullScreen();
  const [queue, setQueue] = useState('');
  const [bounds, setBounds] = useState(storedBounds);
  const [editing, setEditing] = useState(false);
  const here = useLive(useCallback((s: LiveState) => s.number !== null, []));
  useEffect(() => {
    document.title = `${t('app.floor')} – Switchroom`;
  }, [t]);
  return (
    <div ref={floor} className={styles.floor}>
      <div className={mergeClasses(styles.inside, full && styles.full)}>
        <div className={styles.head}>
          <Subtitle1 as="h1">{t('app.floor')}</Subtitle1>
          <span className={styles.gap} />
          <Tooltip relationship="label" content={t('floor.alarms')}>
            <Button appearance="subtle" icon={<AlertSettings />} onClick={() => setEditing(true)} />
          </Tooltip>
          <Tooltip relationship="label" content={t(full ? 'floor.full-screen-end' : 'floor.full-screen')}>
            <Button appearance="subtle" icon={full ? <FullScreenExit /> : <FullScreen />} onClick={toggleFull} />
          </Tooltip>
        </div>
        {here ? (
          <>
            <Totals />
            <QueueCards chosen={queue} choose={setQueue} bounds={bounds} large={full} />
            <Waiting queue={queue} steers={steers} />
            <Suspense fallback={<Loading />}>
              <Agents scroller={floor} queue={queue} steers={steers} />
            </Suspense>
          </>
        ) : (
          <Loading />
        )}
      </div>
      <Suspense>
        <Supervision />
      </Suspense>
      {editing && (
        <Suspense>
          <AlarmDialog
            bounds={bounds}
            name={names.queue}
            close={() => setEditing(false)}
            save={(next: Record<string, Bounds>) => {
              setBounds(next);
              storeBounds(next);
              setEditing(false);
            }}
          />
        </Suspense>
      )}
    </div>
  );
}

/** Whether the page fills the screen, and the way to turn that. All of it, because menus are drawn beside the floor. */
function useFullScreen(): [boolean, () => void] {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    look();
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  const toggle = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void document.documentElement.requestFullscreen().catch(() => undefined);
  };
  return [full, toggle];
}
