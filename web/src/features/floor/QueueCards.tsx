import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useNames } from '@/shared/api/names';
import { AGENT_STATES, type QueueRow, type QueueView } from '@/shared/api/types';
import { useNow } from '@/shared/format/now';
import { clock } from '@/shared/format/time';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { useLive, type LiveState } from '@/shared/live/store';
import { Bdi } from '@/shared/ui/Bdi';
import { useSay } from '@/shared/ui/toasts';
import { crossed, NO_BOUNDS, together, type AlarmKind, type Bounds } from './alarms';
import { AlarmIcon } from './icons';
import { useKept } from './kept';
import { StateBar } from './StateBar';
import { useToday } from './today';

const useStyles = makeStyles({
  grid: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 264px), 1fr))',
    gap: '12px',
    padding: 0,
    listStyleType: 'none',
  },
  large: { gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 340px), 1fr))' },
  card: {
    position: 'relative',
    display: 'flex',
    flexDirection: 'column',
    gap: '10px',
    width: '100%',
    height: '100%',
    padding: '12px 16px 14px',
    textAlign: 'start',
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase300,
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    cursor: 'pointer',
    ':hover': { border: `1px solid ${tokens.colorNeutralStroke1Hover}` },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  chosen: { boxShadow: `inset 0 0 0 2px ${tokens.colorCompoundBrandStroke}` },
  alarmed: { boxShadow: `inset 4px 0 0 ${tokens.colorStatusDangerBorderActive}` },
  both: { boxShadow: `inset 4px 0 0 ${tokens.colorStatusDangerBorderActive}, inset 0 0 0 2px ${tokens.colorCompoundBrandStroke}` },
  head: { display: 'flex', alignItems: 'center', gap: '8px', minHeight: '20px' },
  name: { fontWeight: tokens.fontWeightSemibold, flexGrow: 1, minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  alarm: { color: tokens.colorStatusDangerForeground3, display: 'flex' },
  figures: { display: 'grid', gridTemplateColumns: '1fr 1.3fr 1fr', gap: '4px 12px', alignItems: 'end' },
  figure: { display: 'flex', flexDirection: 'column', minWidth: 0 },
  value: {
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: tokens.fontWeightSemibold,
    fontVariantNumeric: 'tabular-nums',
  },
  valueLarge: { fontSize: tokens.fontSizeHero800, lineHeight: tokens.lineHeightHero800 },
  bad: { color: tokens.colorStatusDangerForeground3 },
  label: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  foot: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  hidden: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
});

interface Props {
  chosen: string;
  choose: (queue: string) => void;
  bounds: Record<string, Bounds>;
  large: boolean;
}

const sameIds = (a: string[], b: string[]) => a.length === b.length && a.every((id, n) => id === b[n]);

export function QueueCards({ chosen, choose, bounds, large }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const today = useToday();
  const ids = useLive(
    useCallback((s: LiveState) => [...s.queues.keys()], []),
    sameIds,
  );
  const sorted = useMemo(() => [...ids].sort((a, b) => names.queue(a).localeCompare(names.queue(b))), [ids, names]);
  return (
    <section aria-label={t('floor.queues')}>
      <ul className={mergeClasses(styles.grid, large && styles.large)}>
        {sorted.map((id) => (
          <li key={id}>
            <QueueCard
              id={id}
              name={names.queue(id)}
              row={today.get(id)}
              bounds={bounds[id] ?? NO_BOUNDS}
              chosen={chosen === id}
              choose={() => choose(chosen === id ? '' : id)}
              large={large}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface CardProps {
  id: string;
  name: string;
  row: QueueRow | undefined;
  bounds: Bounds;
  chosen: boolean;
  choose: () => void;
  large: boolean;
}

function QueueCard({ id, name, row, bounds, chosen, choose, large }: CardProps) {
  const { t, n, percent } = useI18n();
  const styles = useStyles();
  const queue = useLive(useCallback((s: LiveState) => s.queues.get(id), [id]));
  const kept = useKept(id);
  const now = useNow();
  // Of today where that is known, else since the queue was made.
  const level = row ? (row.service_level ?? null) : (queue?.service_level ?? null);
  const ofServer = useLive(
    useCallback((s: LiveState) => [...s.alarms.values()].filter((a) => a.queue === id).map((a) => a.what).join(), [id]),
  );
  const alarms = queue ? together(crossed(bounds, queue, level, now), ofServer.split(',')) : [];
  useAlarmWord(name, alarms);
  if (!queue) return null;
  const loud = alarms.length > 0;
  const frame = loud && chosen ? styles.both : loud ? styles.alarmed : chosen ? styles.chosen : undefined;
  const value = mergeClasses(styles.value, large && styles.valueLarge);
  const figure = (kind: AlarmKind, label: string, text: string) => (
    <span className={styles.figure}>
      <span className={mergeClasses(value, alarms.includes(kind) && styles.bad)}>{text}</span>
      <span className={styles.label}>{label}</span>
    </span>
  );
  return (
    <button type="button" className={mergeClasses(styles.card, frame)} aria-pressed={chosen} onClick={choose}>
      <span className={styles.head}>
        <span className={styles.name}>
          <Bdi>{name}</Bdi>
        </span>
        {loud && (
          <span className={styles.alarm}>
            <AlarmIcon />
            <span className={styles.hidden}>{alarms.map((a) => t(`floor.alarm-${a}`)).join(', ')}</span>
          </span>
        )}
      </span>
      <span className={styles.figures}>
        {figure('waiting', t('floor.waiting'), n(queue.waiting))}
        {figure('longest', t('floor.longest-wait'), queue.waiting_since ? clock(now - Date.parse(queue.waiting_since)) : '–')}
        {figure('level', t('floor.service-level'), percent(level))}
      </span>
      <StateBar counts={queue.agents} kept={kept} />
      <span className={styles.foot}>
        <Foot queue={queue} row={row} kept={kept} />
      </span>
    </button>
  );
}

function Foot({ queue, row, kept }: { queue: QueueView; row: QueueRow | undefined; kept: number }) {
  const { t } = useI18n();
  const free = Math.max(0, (queue.agents.available ?? 0) - kept);
  const signedIn = AGENT_STATES.reduce((all, s) => all + (s === 'offline' ? 0 : (queue.agents[s] ?? 0)), 0);
  const { answered, abandoned } = row ?? queue;
  const inTeams = kept > 0 ? [t('floor.busy-in-teams', { count: kept })] : [];
  return <>{[t('floor.free-of', { free, count: signedIn }), ...inTeams, t('floor.answered', { count: answered }), t('floor.abandoned', { count: abandoned })].join(' · ')}</>;
}

/** Says that an alarm began, once. */
function useAlarmWord(name: string, alarms: AlarmKind[]): void {
  const { t } = useI18n();
  const say = useSay();
  const before = useRef<string>(null);
  const now = alarms.join();
  useEffect(() => {
    const known = before.current;
    before.current = now;
    // What stood there already when the page was opened shows on the card.
    if (known === null) return;
    const old = new Set(known.split(','));
    const begun = now.split(',').filter((a) => a && !old.has(a)) as AlarmKind[];
    for (const kind of begun) say.warn(`${clean(name)}: ${t(`floor.alarm-${kind}`)}`);
  }, [now, name, say, t]);
}
