import { makeStyles, tokens } from '@fluentui/react-components';
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { clean } from '@/shared/format/text';
import { clock } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { drawn, type Shape, type Silence } from './shape';

const LANE = 44;
const BAR = 3;

const useStyles = makeStyles({
  box: {
    position: 'relative',
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
    touchAction: 'none',
  },
  canvas: { display: 'block', width: '100%' },
  name: {
    position: 'absolute',
    insetInlineStart: '6px',
    fontSize: tokens.fontSizeBase100,
    lineHeight: tokens.lineHeightBase100,
    color: tokens.colorNeutralForeground2,
    pointerEvents: 'none',
    backgroundColor: tokens.colorNeutralBackground3,
    padding: '0 3px',
    borderRadius: '2px',
    maxWidth: '40%',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  // Colours for the canvas, which knows no custom properties.
  past: { color: tokens.colorCompoundBrandForeground1 },
  future: { color: tokens.colorNeutralStrokeAccessible },
});

interface Props {
  shape: Shape;
  silences: readonly Silence[];
  /** Who is in which channel: those without a name are not drawn. */
  channels: readonly string[];
  at: number;
  seek: (to: number) => void;
}

/** The sound as a picture, a lane for each channel; a place in it is chosen by pointer or arrow keys. */
export function Waveform({ shape, silences, channels, at, seek }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const past = useRef<HTMLSpanElement>(null);
  const future = useRef<HTMLSpanElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const own = box.current;
    if (!own) return;
    const watch = new ResizeObserver(() => setWidth(own.clientWidth));
    watch.observe(own);
    return () => watch.disconnect();
  }, []);
  const height = LANE * channels.length;
  const { length } = shape;
  const bars = Math.max(1, Math.floor(width / BAR));
  const lanes = useMemo(() => channels.map((_, n) => drawn(shape.channels[n] ?? [], bars)), [shape, channels, bars]);
  useEffect(() => {
    const own = canvas.current;
    const context = own?.getContext('2d');
    if (!own || !context || width === 0) return;
    const scale = window.devicePixelRatio || 1;
    own.width = width * scale;
    own.height = height * scale;
    context.scale(scale, scale);
    context.clearRect(0, 0, width, height);
    const [played, ahead] = [past, future].map((r) => (r.current ? getComputedStyle(r.current).color : 'gray'));
    const place = length > 0 ? at / length : 0;
    lanes.forEach((values, lane) => {
      const middle = lane * LANE + LANE / 2;
      values.forEach((value, n) => {
        const size = Math.max(1, Math.min(1, value * 1.6) * (LANE - 8));
        const seconds = ((n + 0.5) / bars) * length;
        const left = silences.some((s) => seconds >= s.from && seconds < s.to);
        context.globalAlpha = left ? 0.25 : 1;
        context.fillStyle = (n + 0.5) / bars < place ? (played ?? '') : (ahead ?? '');
        context.fillRect(n * BAR, middle - size / 2, BAR - 1, size);
      });
    });
    context.globalAlpha = 1;
    context.fillStyle = played ?? '';
    context.fillRect(Math.min(width - 2, place * width), 0, 2, height);
  }, [lanes, length, silences, at, width, height, bars]);
  const point = (e: PointerEvent) => {
    const own = box.current?.getBoundingClientRect();
    if (own && (e.buttons & 1) === 1) seek(((e.clientX - own.left) / own.width) * length);
  };
  const press = (e: KeyboardEvent) => {
    const to = { ArrowLeft: at - 5, ArrowRight: at + 5, ArrowDown: at - 5, ArrowUp: at + 5, PageDown: at - 30, PageUp: at + 30, Home: 0, End: length }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    seek(to);
  };
  return (
    <div
      ref={box}
      className={styles.box}
      role="slider"
      tabIndex={0}
      aria-label={t('calls.place')}
      aria-valuemin={0}
      aria-valuemax={Math.round(length)}
      aria-valuenow={Math.round(at)}
      aria-valuetext={clock(at * 1_000)}
      onPointerDown={(e) => {
        e.currentTarget.setPointerCapture(e.pointerId);
        point(e);
      }}
      onPointerMove={point}
      onKeyDown={press}
    >
      <span ref={past} className={styles.past} hidden />
      <span ref={future} className={styles.future} hidden />
      <canvas ref={canvas} className={styles.canvas} style={{ height }} />
      {channels.map((name, n) => (
        <span key={n} className={styles.name} style={{ top: n * LANE + 3 }} aria-hidden>
          {clean(name)}
        </span>
      ))}
    </div>
  );
}
