import { Menu, MenuDivider, MenuGroup, MenuGroupHeader, MenuItem, MenuList, MenuPopover, type PositioningVirtualElement } from '@fluentui/react-components';
import { useNavigate } from '@tanstack/react-router';
import { useNames } from '@/shared/api/names';
import { useBreakReasons, useSetState } from '@/shared/agent/state';
import { useAct, useHangUp } from '@/shared/calls/actions';
import { useI18n } from '@/shared/i18n';
import { useAgent } from '@/shared/live/store';
import { useSession } from '@/shared/session';
import { Bdi } from '@/shared/ui/Bdi';
import { StateDot } from '@/shared/ui/StateDot';
import { Barge, HangUp, Listen, OpenCall, TakeOver, Whisper } from './icons';

interface Props {
  id: string;
  target: HTMLElement;
  steers: boolean;
  close: () => void;
}

/** What can be done about an agent, and about the call they are in. One menu for all tiles. */
export function AgentMenu({ id, target, steers, close }: Props) {
  const { t } = useI18n();
  const names = useNames();
  const navigate = useNavigate();
  const session = useSession();
  const agent = useAgent(id);
  const reasons = useBreakReasons();
  const set = useSetState(id);
  const act = useAct();
  const hangUp = useHangUp();
  const call = agent?.call ?? null;
  const talks = agent?.state === 'talking' && call !== null;
  // One cannot listen to oneself, and needs a phone to listen with.
  const hears = steers && talks && session.agent !== null && session.agent !== id;
  const supervise = (mode: 'listen' | 'whisper' | 'barge') => {
    if (call) act.mutate({ call, action: { action: 'supervise', mode } });
  };
  return (
    <Menu
      open
      onOpenChange={(_, data) => {
        if (data.open) return;
        close();
        target.focus();
      }}
      positioning={{ target: target as PositioningVirtualElement, position: 'below', align: 'start', autoSize: true }}
    >
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>
              <Bdi>{names.user(id)}</Bdi>
            </MenuGroupHeader>
            {hears && (
              <>
                <MenuItem icon={<Listen />} subText={t('floor.listen-say')} onClick={() => supervise('listen')}>
                  {t('floor.listen')}
                </MenuItem>
                <MenuItem icon={<Whisper />} subText={t('floor.whisper-say')} onClick={() => supervise('whisper')}>
                  {t('floor.whisper')}
                </MenuItem>
                <MenuItem icon={<Barge />} subText={t('floor.barge-say')} onClick={() => supervise('barge')}>
                  {t('floor.barge')}
                </MenuItem>
                <MenuItem icon={<TakeOver />} onClick={() => act.mutate({ call, action: { action: 'take-over' } })}>
                  {t('floor.take-over')}
                </MenuItem>
              </>
            )}
            {call && (
              <MenuItem icon={<OpenCall />} onClick={() => void navigate({ to: '/calls/$id', params: { id: call } })}>
                {t('floor.open-call')}
              </MenuItem>
            )}
            <MenuItem icon={<OpenCall />} onClick={() => void navigate({ to: '/calls', search: { agent: id } })}>
              {t('floor.calls-of-agent')}
            </MenuItem>
            {steers && talks && (
              <MenuItem icon={<HangUp />} onClick={() => hangUp.mutate(call)}>
                {t('floor.end-call')}
              </MenuItem>
            )}
          </MenuGroup>
          {steers && (
            <>
              <MenuDivider />
              <MenuItem icon={<StateDot state="available" />} onClick={() => set.mutate({ state: 'available' })}>
                {t('words.state-available')}
              </MenuItem>
              <MenuItem icon={<StateDot state="break" />} onClick={() => set.mutate({ state: 'break' })}>
                {t('words.state-break')}
              </MenuItem>
              {reasons.map((reason) => (
                <MenuItem key={reason} icon={<StateDot state="break" />} onClick={() => set.mutate({ state: 'break', reason })}>
                  {t('app.break-reason', { reason })}
                </MenuItem>
              ))}
              <MenuItem icon={<StateDot state="offline" />} onClick={() => set.mutate({ state: 'offline' })}>
                {t('words.state-offline')}
              </MenuItem>
            </>
          )}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
