import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { memo } from 'react';
import type { Names } from '@/shared/api/names';
import { presenceText } from '@/shared/agent/presence';
import { stateText } from '@/shared/agent/state';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { useAgent, useCall } from '@/shared/live/store';
import { Bdi } from '@/shared/ui/Bdi';
import { PresenceDot } from '@/shared/ui/PresenceDot';
import { Since } from '@/shared/ui/Since';
import { StateDot } from '@/shared/ui/StateDot';

const useStyles = makeStyles({
  tile: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr) auto',
    gridTemplateRows: 'auto auto',
    columnGap: '10px',
    rowGap: '1px',
    alignItems: 'center',
    width: '100%',
    height: '60px',
    padding: '0 12px',
    textAlign: 'start',
    fontFamily: 'inherit',
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    alignContent: 'center',
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  offline: { backgroundColor: tokens.colorNeutralBackground3 },
  name: {
    fontSize: tokens.fontSizeBase300,
    lineHeight: tokens.lineHeightBase300,
    fontWeight: tokens.fontWeightSemibold,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  since: { fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300 },
  more: {
    gridColumn: '2 / 4',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
});

interface Props {
  id: string;
  names: Names;
  place: number;
  /** Whether the tabulator stops here. */
  stop: boolean;
  open: (id: string, target: HTMLElement) => void;
  focused: (place: number) => void;
}

/** An agent and what they do. */
export const AgentTile = memo(function AgentTile({ id, names, place, stop, open, focused }: Props) {
  const i18n = useI18n();
  const styles = useStyles();
  const agent = useAgent(id);
  const queue = useCall(agent?.call)?.queue;
  if (!agent) return null;
  const next = agent.next ? i18n.t('app.after-call', { state: i18n.word('words', `state-${agent.next}`) ?? agent.next }) : null;
  const teams = agent.presence ? clean(presenceText(agent.presence, i18n)) : null;
  const more = [clean(stateText(agent, i18n)), queue ? clean(names.queue(queue)) : null, next].filter(Boolean).join(' · ');
  return (
    <button
      type="button"
      data-place={place}
      tabIndex={stop ? 0 : -1}
      aria-haspopup="menu"
      className={mergeClasses(styles.tile, agent.state === 'offline' && styles.offline)}
      onClick={(e) => open(id, e.currentTarget)}
      onFocus={() => focused(place)}
    >
      <StateDot state={agent.state} />
      <span className={styles.name}>
        <Bdi>{names.user(id)}</Bdi>
      </span>
      {agent.state === 'offline' ? <span /> : <Since at={agent.since} className={styles.since} />}
      <span className={styles.more}>
        {more}
        {agent.presence && (
          <>
            {' · '}
            <PresenceDot presence={agent.presence} size={10} /> {teams}
          </>
        )}
      </span>
    </button>
  );
});
