// Which agents are shown, and in which order.

import type { AgentView } from '@/shared/api/types';
import { fold } from '@/shared/format/text';

export type Order = 'state' | 'name' | 'longest';

export interface Wanted {
  text: string;
  /** Id of a queue, or empty. */
  queue: string;
  /** A state, or empty. */
  state: string;
  order: Order;
}

// Those who need somebody's eye come first.
const URGENCY = ['suspended', 'offered', 'talking', 'wrap-up', 'break', 'available', 'offline'];

/** The agents to show. `name` gives the name of an id. */
export function chooseAgents(agents: Iterable<AgentView>, wanted: Wanted, name: (id: string) => string): AgentView[] {
  const text = fold(wanted.text.trim());
  const shown: { view: AgentView; name: string }[] = [];
  for (const view of agents) {
    if (wanted.queue && !view.queues.includes(wanted.queue)) continue;
    if (wanted.state && view.state !== wanted.state) continue;
    const called = fold(name(view.id));
    if (text && !called.includes(text) && !view.id.includes(text)) continue;
    shown.push({ view, name: called });
  }
  const byName = (a: (typeof shown)[0], b: (typeof shown)[0]) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.view.id < b.view.id ? -1 : 1;
  const rank = (v: AgentView) => URGENCY.indexOf(v.state);
  shown.sort((a, b) => {
    if (wanted.order === 'state' && a.view.state !== b.view.state) return rank(a.view) - rank(b.view);
    // RFC 3339 in UTC to the millisecond: the order of the texts is that of the times.
    if (wanted.order === 'longest' && a.view.since !== b.view.since) return a.view.since < b.view.since ? -1 : 1;
    return byName(a, b);
  });
  return shown.map((s) => s.view);
}

/** How many agents are in each state. */
export function countStates(agents: Iterable<AgentView>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of agents) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** Where the arrow keys lead in a grid; null if nowhere. */
export function arrow(key: string, at: number, columns: number, count: number): number | null {
  const to = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    Home: 0,
    End: count - 1,
    PageUp: Math.max(0, at - 5 * columns),
    PageDown: Math.min(count - 1, at + 5 * columns),
  }[key];
  return to === undefined || to < 0 || to >= count || to === at ? null : to;
}
