import {
  Button,
  makeStyles,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  tokens,
} from '@fluentui/react-components';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useState } from 'react';
import { useNames } from '@/shared/api/names';
import type { CallView } from '@/shared/api/types';
import { useAct, useHangUp } from '@/shared/calls/actions';
import { useI18n } from '@/shared/i18n';
import { useLive, type LiveState } from '@/shared/live/store';
import { Bdi } from '@/shared/ui/Bdi';
import { Section } from '@/shared/ui/Page';
import { Since } from '@/shared/ui/Since';
import { Give, HangUp, More, Move, OpenCall } from './icons';

const GiveDialog = lazy(async () => ({ default: (await import('./GiveDialog')).GiveDialog }));

/** The most that are listed: who looks for more chooses a queue. */
const MOST = 40;

const useStyles = makeStyles({
  list: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 300px), 1fr))', gap: '4px 12px', padding: 0, listStyleType: 'none' },
  item: {
    display: 'flex',
    alignItems: 'center',
    gap: '10px',
    padding: '2px 2px 2px 10px',
    borderRadius: tokens.borderRadiusMedium,
    minWidth: 0,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  since: { fontWeight: tokens.fontWeightSemibold, minWidth: '48px' },
  queue: { flexGrow: 1, minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const same = (a: CallView[], b: CallView[]) => a.length === b.length && a.every((c, n) => c === b[n]);

/** Calls that wait, the longest first; what can be done about each. */
export function Waiting({ queue, steers }: { queue: string; steers: boolean }) {
  const { t } = useI18n();
  const styles = useStyles();
  const calls = useLive(
    useCallback(
      (s: LiveState) =>
        [...s.calls.values()]
          .filter((c) => c.state === 'waiting' && (!queue || c.queue === queue))
          .sort((a, b) => (a.began < b.began ? -1 : 1)),
      [queue],
    ),
    same,
  );
  const [giving, setGiving] = useState<CallView | null>(null);
  if (calls.length === 0) return null;
  return (
    <Section title={t('floor.waiting-calls', { count: calls.length })}>
      <ul className={styles.list}>
        {calls.slice(0, MOST).map((call) => (
          <WaitingCall key={call.id} call={call} steers={steers} give={() => setGiving(call)} />
        ))}
      </ul>
      {calls.length > MOST && <span className={styles.quiet}>{t('floor.and-more', { count: calls.length - MOST })}</span>}
      {giving && (
        <Suspense>
          <GiveDialog call={giving} close={() => setGiving(null)} />
        </Suspense>
      )}
    </Section>
  );
}

function WaitingCall({ call, steers, give }: { call: CallView; steers: boolean; give: () => void }) {
  const { t } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const navigate = useNavigate();
  const act = useAct();
  const hangUp = useHangUp();
  const queues = useLive(
    useCallback((s: LiveState) => [...s.queues.keys()].filter((q) => q !== call.queue).join('\n'), [call.queue]),
  );
  return (
    <li className={styles.item}>
      <Since at={call.began} className={styles.since} />
      <span className={styles.queue}>
        <Bdi>{names.queue(call.queue)}</Bdi> <span className={styles.quiet}>{call.id}</span>
      </span>
      <Menu positioning="below-end">
        <MenuTrigger disableButtonEnhancement>
          <Button appearance="subtle" size="small" icon={<More />} aria-label={t('floor.about-call', { call: call.id })} />
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem icon={<OpenCall />} onClick={() => void navigate({ to: '/calls/$id', params: { id: call.id } })}>
              {t('floor.open-call')}
            </MenuItem>
            {steers && (
              <>
                <MenuItem icon={<Give />} onClick={give}>
                  {t('floor.give')}
                </MenuItem>
                <Menu>
                  <MenuTrigger disableButtonEnhancement>
                    <MenuItem icon={<Move />}>{t('floor.move')}</MenuItem>
                  </MenuTrigger>
                  <MenuPopover>
                    <MenuList>
                      {queues
                        .split('\n')
                        .filter(Boolean)
                        .map((id) => (
                          <MenuItem key={id} onClick={() => act.mutate({ call: call.id, action: { action: 'move', queue: id } })}>
                            <Bdi>{names.queue(id)}</Bdi>
                          </MenuItem>
                        ))}
                    </MenuList>
                  </MenuPopover>
                </Menu>
                <MenuItem icon={<HangUp />} onClick={() => hangUp.mutate(call.id)}>
                  {t('floor.end-call')}
                </MenuItem>
              </>
            )}
          </MenuList>
        </MenuPopover>
      </Menu>
    </li>
  );
}
