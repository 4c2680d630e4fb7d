import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { AGENT_STATES, type AgentState } from '@/shared/api/types';

const useStyles = makeStyles({
  dot: { display: 'inline-block', flexShrink: 0, verticalAlign: 'middle', forcedColorAdjust: 'auto' },
  available: { color: tokens.colorPaletteLightGreenForeground3 },
  offered: { color: tokens.colorBrandForeground1 },
  talking: { color: tokens.colorPaletteBlueBorderActive },
  'wrap-up': { color: tokens.colorPaletteLightTealBorderActive },
  break: { color: tokens.colorPaletteMarigoldBorderActive },
  suspended: { color: tokens.colorPaletteRedForeground1 },
  offline: { color: tokens.colorNeutralForeground3 },
});

// Each state has a shape of its own beside its colour, for those who do not tell colours apart.
const SHAPES: Record<AgentState, React.ReactNode> = {
  available: (
    <>
      <circle cx="6" cy="6" r="6" fill="currentColor" />
      <path d="M3.4 6.2 5.3 8l3.4-3.8" fill="none" stroke={tokens.colorNeutralBackground1} strokeWidth="1.5" />
    </>
  ),
  offered: (
    <>
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <circle cx="6" cy="6" r="2.4" fill="currentColor" />
    </>
  ),
  talking: <circle cx="6" cy="6" r="6" fill="currentColor" />,
  'wrap-up': (
    <>
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path d="M6 .8a5.2 5.2 0 0 1 0 10.4z" fill="currentColor" />
    </>
  ),
  break: (
    <>
      <circle cx="6" cy="6" r="6" fill="currentColor" />
      <path d="M6 2.8V6.4L8.3 7.8" fill="none" stroke={tokens.colorNeutralBackground1} strokeWidth="1.4" />
    </>
  ),
  suspended: (
    <>
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path d="M3 6h6" stroke="currentColor" strokeWidth="1.6" />
    </>
  ),
  offline: (
    <>
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path d="M4 4l4 4M8 4l-4 4" stroke="currentColor" strokeWidth="1.4" />
    </>
  ),
};

export function asState(text: string): AgentState {
  return AGENT_STATES.find((s) => s === text) ?? 'offline';
}

/** An agent's state as a sign. Its name stands beside it. */
export function StateDot({ state, size = 12 }: { state: string; size?: number }) {
  const styles = useStyles();
  const known = asState(state);
  return (
    <svg viewBox="0 0 12 12" width={size} height={size} aria-hidden className={mergeClasses(styles.dot, styles[known])}>
      {SHAPES[known]}
    </svg>
  );
}
