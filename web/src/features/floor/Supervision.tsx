import { Button, makeStyles, Text, tokens, ToggleButton } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useNames } from '@/shared/api/names';
import { useAct } from '@/shared/calls/actions';
import { callQuery, supervises } from '@/shared/calls/queries';
import { useI18n } from '@/shared/i18n';
import { useAgent, useCall } from '@/shared/live/store';
import { useSession } from '@/shared/session';
import { Bdi } from '@/shared/ui/Bdi';
import { Since } from '@/shared/ui/Since';
import { Barge, Leave, Listen, TakeOver, Whisper } from './icons';

const useStyles = makeStyles({
  bar: {
    position: 'sticky',
    bottom: '12px',
    margin: '0 24px 12px',
    padding: '10px 16px',
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '8px 12px',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusXLarge,
    boxShadow: tokens.shadow16,
    zIndex: 2,
    '@media (max-width: 719px)': { margin: '0 8px 8px', padding: '8px 12px' },
  },
  gap: { flexGrow: 1 },
  modes: { display: 'flex', gap: '4px', flexWrap: 'wrap' },
});

type Mode = 'listen' | 'whisper' | 'barge';
const MODES: readonly { mode: Mode; icon: React.ReactElement }[] = [
  { mode: 'listen', icon: <Listen /> },
  { mode: 'whisper', icon: <Whisper /> },
  { mode: 'barge', icon: <Barge /> },
];

/** The call that this supervisor hears, and how. */
export function Supervision() {
  const { t } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const { agent } = useSession();
  const me = useAgent(agent);
  const call = useCall(me?.call);
  const act = useAct();
  // Which way is not in the live state: what was asked for last, here.
  const [mode, setMode] = useState<Mode>('listen');
  const id = call?.id;
  useEffect(() => setMode('listen'), [id]);
  const detail = useQuery({ ...callQuery(id ?? ''), enabled: id !== undefined && me?.state === 'talking' }).data;
  if (!call || me?.state !== 'talking' || !supervises(detail, agent)) return null;
  return (
    <aside className={styles.bar} aria-label={t('floor.supervising')}>
      <Listen />
      <Text>
        {t('floor.supervising')}:{' '}
        <strong>
          <Bdi>{names.user(call.agent)}</Bdi>
        </strong>{' '}
        <Since at={me.since} />
      </Text>
      <span className={styles.gap} />
      <span className={styles.modes}>
        {MODES.map(({ mode: way, icon }) => (
          <ToggleButton
            key={way}
            size="small"
            icon={icon}
            checked={mode === way}
            onClick={() => act.mutate({ call: call.id, action: { action: 'supervise', mode: way } }, { onSuccess: () => setMode(way) })}
          >
            {t(`floor.${way}`)}
          </ToggleButton>
        ))}
      </span>
      <Button size="small" icon={<TakeOver />} onClick={() => act.mutate({ call: call.id, action: { action: 'take-over' } })}>
        {t('floor.take-over')}
      </Button>
      <Button size="small" icon={<Leave />} onClick={() => act.mutate({ call: call.id, action: { action: 'stop-supervising' } })}>
        {t('floor.leave')}
      </Button>
    </aside>
  );
}
