import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { AGENT_STATES } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    gap: '2px',
    height: '6px',
    borderRadius: '3px',
    overflow: 'hidden',
    backgroundColor: tokens.colorNeutralBackground5,
    forcedColorAdjust: 'none',
  },
  part: { minWidth: '3px' },
  available: { backgroundColor: tokens.colorPaletteLightGreenForeground3 },
  offered: { backgroundColor: tokens.colorBrandBackground },
  talking: { backgroundColor: tokens.colorPaletteBlueBorderActive },
  'wrap-up': { backgroundColor: tokens.colorPaletteLightTealBorderActive },
  break: { backgroundColor: tokens.colorPaletteMarigoldBorderActive },
  suspended: { backgroundColor: tokens.colorPaletteRedForeground1 },
  kept: { backgroundColor: tokens.colorPaletteRedForeground3 },
  hidden: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
});

const SHOWN = AGENT_STATES.filter((s): s is Exclude<typeof s, 'offline'> => s !== 'offline');

/**
 * How many members are in which state, as a bar; those who are not there are left out. `kept` of those who are available
 * are busy in Teams.
 */
export function StateBar({ counts, kept }: { counts: Readonly<Record<string, number>>; kept: number }) {
  const { t } = useI18n();
  const styles = useStyles();
  const free = Math.max(0, (counts.available ?? 0) - kept);
  const parts = SHOWN.flatMap((s) => {
    const own = { name: s, many: s === 'available' ? free : (counts[s] ?? 0), say: t(`words.state-${s}`) };
    return s === 'available' ? [own, { name: 'kept' as const, many: kept, say: '' }] : [own];
  }).filter((part) => part.many > 0);
  const said = parts.map(({ many, say }) => (say ? `${many} ${say}` : t('floor.busy-in-teams', { count: many })));
  return (
    <span className={styles.bar} title={said.join(', ')}>
      <span className={styles.hidden}>{said.join(', ')}</span>
      {parts.map(({ name, many }) => (
        <span key={name} className={mergeClasses(styles.part, styles[name])} style={{ flexGrow: many }} />
      ))}
    </span>
  );
}
