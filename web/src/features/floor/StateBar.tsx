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
  hidden: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
});

const SHOWN = AGENT_STATES.filter((s): s is Exclude<typeof s, 'offline'> => s !== 'offline');

/** How many members are in which state, as a bar; those who are not there are left out. */
export function StateBar({ counts }: { counts: Readonly<Record<string, number>> }) {
  const { t } = useI18n();
  const styles = useStyles();
  const said = SHOWN.filter((s) => (counts[s] ?? 0) > 0).map((s) => `${counts[s] ?? 0} ${t(`words.state-${s}`)}`);
  return (
    <span className={styles.bar} title={said.join(', ')}>
      <span className={styles.hidden}>{said.join(', ')}</span>
      {SHOWN.map((s) => {
        const many = counts[s] ?? 0;
        return many > 0 ? <span key={s} className={mergeClasses(styles.part, styles[s])} style={{ flexGrow: many }} /> : null;
      })}
    </span>
  );
}
