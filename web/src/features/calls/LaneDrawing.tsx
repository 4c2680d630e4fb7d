import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useLayoutEffect, useRef, useState } from 'react';
import { useNames } from '@/shared/api/names';
import { clean } from '@/shared/format/text';
import { clock } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { ticks, type Drawing, type Kind, type Lane } from './lanes';
import { momentText } from '@/shared/calls/words';

const LANE = 46;
const BAR = 16;
const HEAD = 22;
/** How high each kind is drawn: so they are told apart without colours too. */
const HIGH: Record<Kind, number> = { talking: BAR, listening: BAR, ringing: BAR, waiting: 10, hold: 6, menu: 3 };

const useStyles = makeStyles({
  box: { width: '100%' },
  svg: { display: 'block', width: '100%', fontFamily: tokens.fontFamilyBase, overflow: 'visible' },
  grid: { stroke: tokens.colorNeutralStroke3 },
  tick: { fill: tokens.colorNeutralForeground2, fontSize: '11px', fontVariantNumeric: 'tabular-nums' },
  name: { fill: tokens.colorNeutralForeground1, fontSize: '12px', fontWeight: tokens.fontWeightSemibold },
  role: { fill: tokens.colorNeutralForeground2, fontWeight: tokens.fontWeightRegular },
  menu: { fill: tokens.colorNeutralStroke1 },
  waiting: { fill: tokens.colorPaletteMarigoldBorderActive },
  ringing: { fill: tokens.colorNeutralBackground1, stroke: tokens.colorCompoundBrandStroke, strokeDasharray: '3 2' },
  talking: { fill: tokens.colorCompoundBrandBackground },
  hold: { fill: tokens.colorPaletteLightTealBorderActive },
  listening: { fill: tokens.colorNeutralBackground1, stroke: tokens.colorPaletteBlueBorderActive, strokeWidth: 2 },
  mark: { fill: tokens.colorNeutralBackground1, stroke: tokens.colorNeutralForeground1, strokeWidth: 1.4 },
  legend: { display: 'flex', flexWrap: 'wrap', gap: '4px 14px', marginTop: '8px', fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground2 },
  key: { display: 'inline-flex', alignItems: 'center', gap: '6px' },
});

/** The call drawn: a lane for each leg. */
export function LaneDrawing({ drawing }: { drawing: Drawing }) {
  const { t } = useI18n();
  const styles = useStyles();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const own = box.current;
    if (!own) return;
    const watch = new ResizeObserver(() => setWidth(own.clientWidth));
    watch.observe(own);
    return () => watch.disconnect();
  }, []);
  const length = drawing.to - drawing.from;
  const x = (at: number) => ((at - drawing.from) / length) * (width - 2) + 1;
  const height = HEAD + drawing.lanes.length * LANE;
  const kinds = [...new Set(drawing.lanes.flatMap((l) => l.pieces.map((p) => p.kind)))];
  return (
    <div ref={box} className={styles.box}>
      {width > 0 && (
        <svg className={styles.svg} height={height} role="img" aria-label={t('calls.course-say')}>
          {ticks(length, Math.max(3, Math.floor(width / 90))).map((at) => (
            <g key={at}>
              <line className={styles.grid} x1={x(drawing.from + at)} x2={x(drawing.from + at)} y1={HEAD - 4} y2={height} />
              <text className={styles.tick} x={x(drawing.from + at) + 3} y={HEAD - 8}>
                {clock(at)}
              </text>
            </g>
          ))}
          {drawing.lanes.map((lane, n) => (
            <LaneRow key={lane.leg.id} lane={lane} top={HEAD + n * LANE} x={x} width={width} />
          ))}
        </svg>
      )}
      <div className={styles.legend} aria-hidden>
        {kinds.map((kind: Kind) => (
          <span key={kind} className={styles.key}>
            <svg width="14" height="10">
              <rect x="1" y={5 - HIGH[kind] / 4} width="12" height={HIGH[kind] / 2} rx="2" className={styles[kind]} />
            </svg>
            {t(`calls.kind-${kind}`)}
          </span>
        ))}
      </div>
    </div>
  );
}

function LaneRow({ lane, top, x, width }: { lane: Lane; top: number; x: (at: number) => number; width: number }) {
  const i18n = useI18n();
  const styles = useStyles();
  const names = useNames();
  const { leg } = lane;
  const role = i18n.word('words', `leg-${leg.role}`) ?? leg.role;
  const end = i18n.word('words', `end-${leg.state}`) ?? leg.state;
  const began = x(Date.parse(leg.began));
  // The name begins where the leg begins; far to the right it ends where the leg ends, so that it stays inside.
  const late = began > width * 0.55;
  return (
    <g>
      <text className={styles.name} x={late ? x(lane.pieces.at(-1)?.to ?? 0) : began} y={top + 14} textAnchor={late ? 'end' : 'start'}>
        {leg.agent ? clean(names.user(leg.agent)) : role}
        <tspan className={styles.role} dx="6">
          {leg.agent ? `${role}, ${end}` : end}
        </tspan>
      </text>
      {lane.pieces.map((piece) => (
        <rect
          key={piece.from}
          className={styles[piece.kind]}
          x={x(piece.from)}
          y={top + 20 + (BAR - HIGH[piece.kind]) / 2}
          width={Math.max(2, x(piece.to) - x(piece.from) - 1)}
          height={HIGH[piece.kind]}
          rx={Math.min(3, HIGH[piece.kind] / 2)}
        >
          <title>{`${i18n.t(`calls.kind-${piece.kind}`)}: ${i18n.length(piece.to - piece.from)}`}</title>
        </rect>
      ))}
      {lane.moments.map(({ at, moment }, n) => (
        <circle key={n} className={mergeClasses(styles.mark)} cx={x(at)} cy={top + 20 + BAR / 2} r="3">
          <title>{`${i18n.exact(moment.at)}  ${momentText(moment, i18n, names)}`}</title>
        </circle>
      ))}
    </g>
  );
}
