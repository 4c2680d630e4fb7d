import { makeStyles, tokens } from '@fluentui/react-components';
import { useCallback, type ReactNode } from 'react';
import { AGENT_STATES } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';
import { useLive, type LiveState } from '@/shared/live/store';
import { Since } from '@/shared/ui/Since';
import { PresenceDot } from '@/shared/ui/PresenceDot';
import { StateDot } from '@/shared/ui/StateDot';
import { countStates } from './choose';
import { useKept } from './kept';
import { serviceLevel, useToday } from './today';

const useStyles = makeStyles({
  row: {
    display: 'grid',
    gridTemplateColumns: 'repeat(6, minmax(0, 1fr)) minmax(0, 2.8fr)',
    gap: '1px',
    backgroundColor: tokens.colorNeutralStroke2,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    overflow: 'hidden',
    '@media (max-width: 1199px)': { gridTemplateColumns: 'repeat(6, minmax(0, 1fr))' },
    '@media (max-width: 719px)': { gridTemplateColumns: 'repeat(3, minmax(0, 1fr))' },
  },
  cell: {
    display: 'flex',
    flexDirection: 'column-reverse',
    justifyContent: 'flex-end',
    gap: '2px',
    padding: '12px 16px',
    backgroundColor: tokens.colorNeutralBackground1,
    minWidth: 0,
    '@media (max-width: 719px)': { padding: '8px 10px' },
  },
  name: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  value: {
    fontSize: tokens.fontSizeBase600,
    lineHeight: tokens.lineHeightBase600,
    fontWeight: tokens.fontWeightSemibold,
    fontVariantNumeric: 'tabular-nums',
    '@media (max-width: 719px)': { fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500 },
  },
  states: { '@media (max-width: 1199px)': { gridColumn: '1 / -1' } },
  list: { display: 'flex', flexWrap: 'wrap', gap: '4px 14px', alignItems: 'center', minHeight: tokens.lineHeightBase600 },
  state: { display: 'inline-flex', gap: '6px', alignItems: 'center', fontSize: tokens.fontSizeBase300, whiteSpace: 'nowrap' },
  count: { fontWeight: tokens.fontWeightSemibold, fontVariantNumeric: 'tabular-nums' },
});

interface Waiting {
  count: number;
  since: string | null;
}

function waiting(state: LiveState): Waiting {
  let [count, since]: [number, string | null] = [0, null];
  for (const q of state.queues.values()) {
    count += q.waiting;
    if (q.waiting_since && (since === null || q.waiting_since < since)) since = q.waiting_since;
  }
  return { count, since };
}

/** What somebody is drawn with who is available here and busy in Teams. */
const BUSY = { availability: 'Busy', activity: 'Busy', age_s: 0 };

const sameWaiting = (a: Waiting, b: Waiting) => a.count === b.count && a.since === b.since;
const sameCounts = (a: Map<string, number>, b: Map<string, number>) =>
  a.size === b.size && [...a].every(([state, n]) => b.get(state) === n);

/** The whole floor in one line. */
export function Totals() {
  const { t, n, percent, length } = useI18n();
  const styles = useStyles();
  const { count, since } = useLive(waiting, sameWaiting);
  const states = useLive(
    useCallback((s: LiveState) => countStates(s.agents.values()), []),
    sameCounts,
  );
  const kept = useKept();
  const today = useToday();
  const rows = [...today.values()];
  const sum = (pick: (r: (typeof rows)[0]) => number) => rows.reduce((all, r) => all + pick(r), 0);
  const answered = sum((r) => r.answered);
  const waited = sum((r) => (r.asa_ms ?? 0) * r.answered);
  const cell = (name: string, value: ReactNode) => (
    <div className={styles.cell}>
      <dt className={styles.name}>{name}</dt>
      <dd className={styles.value}>{value}</dd>
    </div>
  );
  return (
    <dl className={styles.row}>
      {cell(t('floor.waiting'), n(count))}
      {cell(t('floor.longest-wait'), since ? <Since at={since} /> : '–')}
      {cell(t('floor.service-level-today'), percent(serviceLevel(rows)))}
      {cell(t('floor.answered-today'), n(answered))}
      {cell(t('floor.abandoned-today'), n(sum((r) => r.abandoned)))}
      {cell(t('floor.average-wait-today'), answered > 0 ? length(waited / answered) : '–')}
      <div className={`${styles.cell} ${styles.states}`}>
        <dt className={styles.name}>{t('floor.agents')}</dt>
        <dd className={styles.list}>
          {AGENT_STATES.map((state) => {
            const many = (states.get(state) ?? 0) - (state === 'available' ? kept : 0);
            return many > 0 ? (
              <span key={state} className={styles.state}>
                <StateDot state={state} />
                <span className={styles.count}>{n(many)}</span>
                {t(`words.state-${state}`)}
              </span>
            ) : null;
          })}
          {kept > 0 && (
            <span className={styles.state}>
              <PresenceDot presence={BUSY} />
              {t('floor.busy-in-teams', { count: kept })}
            </span>
          )}
        </dd>
      </div>
    </dl>
  );
}
