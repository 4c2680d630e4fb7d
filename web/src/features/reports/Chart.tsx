// A chart over time. Drawn on a canvas, so it says nothing to those who do not see it: the table beside it does.

import { makeStyles, tokens } from '@fluentui/react-components';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const HEIGHT = 220;

const useStyles = makeStyles({
  box: { position: 'relative', minHeight: `${HEIGHT}px`, '& .u-legend': { fontSize: tokens.fontSizeBase200, textAlign: 'start' } },
  // Colours for the canvas, which knows no custom properties.
  brand: { color: tokens.colorCompoundBrandForeground1 },
  red: { color: tokens.colorPaletteRedForeground3 },
  teal: { color: tokens.colorPaletteLightTealBorderActive },
  axis: { color: tokens.colorNeutralForeground2 },
  grid: { color: tokens.colorNeutralStroke3 },
});

export type Colour = 'brand' | 'red' | 'teal';

export interface Line {
  name: string;
  values: (number | null)[];
  /** What is said of each point, where that is not what is drawn: of stacked bars only the own part. */
  shown?: (number | null)[];
  colour: Colour;
  /** Drawn as bars from the ground, the later ones in front. */
  bars?: boolean;
  write: (value: number) => string;
}

interface Props {
  label: string;
  /** Seconds since 1970, as the two below. */
  start: number[];
  from: number;
  to: number;
  lines: Line[];
  /** How a time below the chart is written. */
  when: (seconds: number) => string;
  /** Name of the time in the legend. */
  time: string;
  /** Highest value of the axis, where that is known. */
  most?: number;
}

export function Chart({ label, start, from, to, lines, when, time, most }: Props) {
  const styles = useStyles();
  const box = useRef<HTMLDivElement>(null);
  const colours = useRef<HTMLSpanElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const own = box.current;
    if (!own) return;
    const watch = new ResizeObserver(() => setWidth(own.clientWidth));
    watch.observe(own);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const [own, signs] = [box.current, colours.current];
    if (!own || !signs || width === 0 || start.length === 0) return;
    const colour = (name: string) => {
      const sign = signs.querySelector(`[data-colour="${name}"]`);
      return sign ? getComputedStyle(sign).color : 'gray';
    };
    const font = `11px ${getComputedStyle(own).fontFamily}`;
    const axis = { stroke: colour('axis'), font, grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false } };
    const bars = uPlot.paths.bars?.({ size: [0.7, 28], align: 1 });
    const write = lines[0]?.write ?? String;
    const chart = new uPlot(
      {
        width,
        height: HEIGHT,
        padding: [12, 8, 0, 0],
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: true, range: () => [from, to] }, y: { range: (_, __, highest) => [0, most ?? Math.max(1, highest * 1.08)] } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map(when), space: 70 },
          { ...axis, values: (_, ticks) => ticks.map(write), size: 52 },
        ],
        series: [
          { value: (_, v) => (v == null ? '–' : when(v)), label: time },
          ...lines.map((line) => ({
            label: line.name,
            stroke: colour(line.colour),
            width: line.bars ? 0 : 2,
            ...(line.bars ? { fill: colour(line.colour), points: { show: false } } : {}),
            ...(line.bars && bars ? { paths: bars } : {}),
            spanGaps: false,
            value: (_: uPlot, drawn: number | null, __: number, at: number | null) => {
              const v = line.shown && at !== null ? line.shown[at] : drawn;
              return v == null ? '–' : line.write(v);
            },
          })),
        ],
      },
      [start, ...lines.map((l) => l.values)],
      own,
    );
    return () => chart.destroy();
  }, [start, from, to, lines, when, time, most, width]);
  return (
    <div ref={box} className={styles.box} role="img" aria-label={label}>
      <span ref={colours} hidden>
        {(['brand', 'red', 'teal', 'axis', 'grid'] as const).map((name) => (
          <span key={name} data-colour={name} className={styles[name]} />
        ))}
      </span>
    </div>
  );
}
