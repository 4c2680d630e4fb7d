import { makeStyles, tokens } from '@fluentui/react-components';
import { useEffect, useRef } from 'react';

const useStyles = makeStyles({
  box: {
    height: '6px',
    borderRadius: '3px',
    backgroundColor: tokens.colorNeutralBackground5,
    overflow: 'hidden',
    minWidth: '60px',
  },
  bar: {
    height: '100%',
    backgroundColor: tokens.colorPaletteLightGreenForeground3,
    transformOrigin: 'left',
    forcedColorAdjust: 'none',
  },
});

/** A level from 0 to 1, as it is. Moved without drawing the page anew. */
export function Meter({ read, label }: { read: () => number; label: string }) {
  const styles = useStyles();
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let frame = 0;
    let shown = 0;
    const draw = () => {
      // Falls slower than it rises, as meters do.
      shown = Math.max(read(), shown * 0.9);
      if (bar.current) bar.current.style.transform = `scaleX(${shown.toFixed(3)})`;
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, [read]);
  return (
    <div className={styles.box} role="img" aria-label={label}>
      <div ref={bar} className={styles.bar} />
    </div>
  );
}
