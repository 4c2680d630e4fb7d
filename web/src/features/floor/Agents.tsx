// All agents as a grid. Only what is on the screen is drawn, so that a thousand cost no more than fifty.

import { Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { Search16Regular } from '@fluentui/react-icons';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import { useNames } from '@/shared/api/names';
import { AGENT_STATES, type AgentView } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';
import { useLiveSeldom, type LiveState } from '@/shared/live/store';
import { Empty } from '@/shared/ui/Feedback';
import { AgentMenu } from './AgentMenu';
import { AgentTile } from './AgentTile';
import { arrow, chooseAgents, type Order } from './choose';

/** Height of a row and width of a tile at least, in pixels. */
const ROW = 60;
const LEAST = 224;
const GAP = 8;

const useStyles = makeStyles({
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px 12px', marginBottom: '10px' },
  title: { fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300, fontWeight: tokens.fontWeightSemibold },
  gap: { flexGrow: 1 },
  search: { width: '220px', '@media (max-width: 719px)': { width: '100%' } },
  grid: { position: 'relative', width: '100%' },
  row: { position: 'absolute', insetInlineStart: 0, top: 0, width: '100%', display: 'grid', gap: `${GAP}px` },
});

interface Props {
  scroller: RefObject<HTMLDivElement | null>;
  queue: string;
  steers: boolean;
}

export function Agents({ scroller, queue, steers }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const [text, setText] = useState('');
  const [state, setState] = useState('');
  const [order, setOrder] = useState<Order>('state');
  const wanted = useDeferredValue(text);
  // Who stands where is looked at once a second: in a large house somebody moves with each change, and with them all who
  // stand behind. What each tile says changes at once.
  const agents = useLiveSeldom(useCallback((s: LiveState) => s.agents, []));
  const shown = useMemo(
    () => chooseAgents(agents.values(), { text: wanted, queue, state, order }, names.user),
    [agents, wanted, queue, state, order, names],
  );
  const [menu, setMenu] = useState<{ id: string; target: HTMLElement } | null>(null);
  const openMenu = useCallback((id: string, target: HTMLElement) => setMenu({ id, target }), []);
  const { ids, touch } = useSteady(shown, JSON.stringify([wanted, queue, state, order]), menu !== null);
  return (
    <section aria-label={t('floor.agents')}>
      <div className={styles.head}>
        <h2 className={styles.title}>{t('floor.agents-shown', { count: shown.length })}</h2>
        <span className={styles.gap} />
        <Input
          size="small"
          type="search"
          className={styles.search}
          contentBefore={<Search16Regular />}
          value={text}
          placeholder={t('floor.find-agent')}
          aria-label={t('floor.find-agent')}
          onChange={(_, d) => setText(d.value)}
        />
        <Select size="small" value={state} aria-label={t('floor.state')} onChange={(_, d) => setState(d.value)}>
          <option value="">{t('floor.all-states')}</option>
          {AGENT_STATES.map((s) => (
            <option key={s} value={s}>
              {t(`words.state-${s}`)}
            </option>
          ))}
        </Select>
        <Select size="small" value={order} aria-label={t('floor.order')} onChange={(_, d) => setOrder(d.value as Order)}>
          <option value="state">{t('floor.order-state')}</option>
          <option value="longest">{t('floor.order-longest')}</option>
          <option value="name">{t('floor.order-name')}</option>
        </Select>
      </div>
      {shown.length === 0 ? (
        <Empty>{t('floor.nobody')}</Empty>
      ) : (
        <Grid scroller={scroller} ids={ids} touch={touch} open={openMenu} />
      )}
      {menu && <AgentMenu id={menu.id} target={menu.target} steers={steers} close={() => setMenu(null)} />}
    </section>
  );
}

/** For so long after the last movement nobody changes places, in milliseconds. */
const STEADY = 4_000;

/**
 * The order of the tiles. It stands still while somebody points at them, moves among them by keys, or has a menu open: who
 * aims at a person must not hit another who came there in that moment. What each tile says goes on changing.
 */
function useSteady(shown: readonly AgentView[], choice: string, open: boolean): { ids: string[]; touch: () => void } {
  const [held, setHeld] = useState<{ choice: string; ids: string[] } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const fresh = useMemo(() => shown.map((a) => a.id), [shown]);
  const latest = useRef({ choice, fresh, open });
  useEffect(() => {
    latest.current = { choice, fresh, open };
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const release = useCallback(() => {
    // A menu may stay open for longer.
    if (latest.current.open) timer.current = setTimeout(release, STEADY);
    else setHeld(null);
  }, []);
  const touch = useCallback(() => {
    setHeld((was) => was ?? { choice: latest.current.choice, ids: latest.current.fresh });
    clearTimeout(timer.current);
    timer.current = setTimeout(release, STEADY);
  }, [release]);
  const ids = useMemo(() => {
    // Another choice of agents is another list.
    if (held?.choice !== choice) return fresh;
    const here = new Set(fresh);
    const kept = held.ids.filter((id) => here.has(id));
    const known = new Set(kept);
    return [...kept, ...fresh.filter((id) => !known.has(id))];
  }, [held, choice, fresh]);
  return { ids, touch };
}

interface GridProps {
  scroller: RefObject<HTMLDivElement | null>;
  /** Told of each movement among the tiles. */
  touch: () => void;
  ids: string[];
  open: (id: string, target: HTMLElement) => void;
}

function Grid({ scroller, ids, touch, open }: GridProps) {
  const { t } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const grid = useRef<HTMLDivElement>(null);
  const { width, top } = usePlace(grid, scroller);
  const columns = Math.max(1, Math.floor((width + GAP) / (LEAST + GAP)));
  const rows = useVirtualizer({
    count: Math.ceil(ids.length / columns),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW + GAP,
    overscan: 4,
    scrollMargin: top,
  });
  // One stop for the tabulator; arrows lead from tile to tile.
  const [at, setAt] = useState(0);
  const current = Math.min(at, ids.length - 1);
  const press = (e: KeyboardEvent) => {
    const to = arrow(e.key, current, columns, ids.length);
    if (to === null) return;
    e.preventDefault();
    touch();
    setAt(to);
    rows.scrollToIndex(Math.floor(to / columns));
    // The tile may have to be drawn first.
    requestAnimationFrame(() => grid.current?.querySelector<HTMLElement>(`[data-place="${to}"]`)?.focus());
  };
  return (
    <div
      ref={grid}
      role="list"
      aria-label={t('floor.agents')}
      className={styles.grid}
      style={{ height: rows.getTotalSize() }}
      onKeyDown={press}
      onPointerMove={touch}
      onPointerDown={touch}
    >
      {rows.getVirtualItems().map((row) => (
        <div
          key={row.key}
          role="presentation"
          className={styles.row}
          style={{
            height: ROW,
            gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            transform: `translateY(${row.start - top}px)`,
          }}
        >
          {ids.slice(row.index * columns, (row.index + 1) * columns).map((id, n) => {
            const place = row.index * columns + n;
            // Each place keeps its tile, whoever stands there: nothing is made anew when agents change places.
            return (
              <div key={n} role="listitem" aria-setsize={ids.length} aria-posinset={place + 1} style={{ minWidth: 0 }}>
                <AgentTile id={id} names={names} place={place} stop={place === current} open={open} focused={setAt} />
              </div>
            );
          })}
        </div>
      ))}
    </div>
  );
}

/** How wide an element is, and how far below the top of what scrolls. */
function usePlace(element: RefObject<HTMLElement | null>, scroller: RefObject<HTMLElement | null>) {
  const [place, setPlace] = useState({ width: 0, top: 0 });
  const measure = useCallback(() => {
    const [own, outer] = [element.current, scroller.current];
    if (!own || !outer) return;
    const width = own.clientWidth;
    const top = Math.round(own.getBoundingClientRect().top - outer.getBoundingClientRect().top + outer.scrollTop);
    setPlace((was) => (was.width === width && was.top === top ? was : { width, top }));
  }, [element, scroller]);
  useLayoutEffect(measure);
  useEffect(() => {
    const watch = new ResizeObserver(measure);
    if (element.current) watch.observe(element.current);
    // What stands above may grow.
    if (scroller.current?.firstElementChild) watch.observe(scroller.current.firstElementChild);
    return () => watch.disconnect();
  }, [measure, element, scroller]);
  return place;
}
