import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { presenceKind, type Presence, type PresenceKind } from '@/shared/agent/presence';

const useStyles = makeStyles({
  dot: { display: 'inline-block', flexShrink: 0, verticalAlign: 'middle', forcedColorAdjust: 'auto' },
  free: { color: tokens.colorPaletteLightGreenForeground3 },
  busy: { color: tokens.colorPaletteRedForeground3 },
  closed: { color: tokens.colorPaletteRedForeground3 },
  away: { color: tokens.colorPaletteMarigoldBorderActive },
  gone: { color: tokens.colorNeutralForeground3 },
});

const line = { fill: 'none', stroke: tokens.colorNeutralBackground1, strokeWidth: 1.5 } as const;

// Squares with round corners, so that nobody takes them for a state of ours; each has a shape of its own beside its colour.
const SIGNS: Readonly<Record<PresenceKind, React.ReactNode>> = {
  free: <path d="M3.2 6.2 5.2 8l3.6-3.9" {...line} />,
  busy: null,
  closed: <path d="M3 6h6" {...line} />,
  away: <path d="M6 2.8V6.4L8.3 7.8" {...line} />,
  gone: <path d="M4 4l4 4M8 4l-4 4" {...line} />,
};

/** What Teams says of somebody, as a sign. Its words stand beside it. */
export function PresenceDot({ presence, size = 12 }: { presence: Presence; size?: number }) {
  const styles = useStyles();
  const kind = presenceKind(presence);
  return (
    <svg viewBox="0 0 12 12" width={size} height={size} aria-hidden className={mergeClasses(styles.dot, styles[kind])}>
      <rect width="12" height="12" rx="3" fill="currentColor" />
      {SIGNS[kind]}
    </svg>
  );
}
