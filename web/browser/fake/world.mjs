// A made-up contact centre for looking at pages: the same at each start, and moving. It says what the real server says, in
// the same form, but decides nothing: only the pages are under test here.

const FIRST = ['Anna', 'Béla', 'Chloé', 'Dmitri', 'Elif', 'Farid', 'Greta', 'Hiro', 'Ines', 'Jonas', 'Katarzyna', 'Luca', 'Mei', 'Noor', 'Olaf', 'Priya', 'Quentin', 'Rosa', 'Sven', 'Tariq', 'Ursula', 'Viktor', 'Wanda', 'Xavier', 'Yuki', 'Zoë'];
const LAST = ['Albrecht', 'Bianchi', 'Costa', 'Dubois', 'Eriksson', 'Fischer', 'García', 'Horvat', 'Ivanova', 'Jensen', 'Kowalski', 'López', 'Müller', 'Nguyen', 'O’Brien', 'Petrov', 'Rossi', 'Santos', 'Tanaka', 'Weber'];
const QUEUES = [
  { id: 'sales', name: 'Sales' },
  { id: 'service', name: 'Service' },
  { id: 'billing', name: 'Billing' },
  { id: 'repairs', name: 'Repairs' },
  { id: 'french', name: 'Service, French' },
  { id: 'business', name: 'Business customers' },
];
const STATES = ['offline', 'available', 'offered', 'talking', 'wrap-up', 'break', 'suspended'];
export const BREAKS = ['Lunch', 'Coffee', 'Training', 'Meeting'];

/** A fixed sequence that looks like chance (mulberry32). */
export function chance(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const iso = (ms) => new Date(ms).toISOString();

const PRESENCES = [['Available', 'Available'], ['Busy', 'InACall'], ['Busy', 'InAMeeting'], ['DoNotDisturb', 'Presenting'], ['Away', 'Away'], ['Offline', 'Offline'], ['Sleeping', 'Dreaming']];

/** What Teams says of somebody: each of its words, one of them unknown, some of them old. */
function presence(n) {
  const [availability, activity] = PRESENCES[n % PRESENCES.length];
  return { availability, activity, age_s: n % 4 === 3 ? 340 : 12 };
}

export class World {
  constructor({ agents = 24, seed = 7, still = false } = {}) {
    this.random = chance(seed);
    this.still = still;
    this.number = Date.now();
    this.changes = [];
    this.watchers = new Set();
    this.calls = new Map();
    this.over = [];
    this.nextCall = 100;
    this.nextLeg = 1_000;
    this.notes = new Map();
    this.messages = this.#messages();
    this.callbacks = this.#callbacks();
    this.closed = false;
    this.users = Array.from({ length: agents }, (_, n) => {
      const name = `${FIRST[n % FIRST.length]} ${LAST[(n * 7 + Math.floor(n / FIRST.length)) % LAST.length]}`;
      return { id: n === 0 ? 'anna' : `agent${n + 1}`, kind: 'User', name, roles: ['agent'], voicemail: n % 3 === 0 };
    });
    this.users.push(
      { id: 'sofia', kind: 'User', name: 'Sofia Lindgren', roles: ['supervisor'] },
      { id: 'omar', kind: 'User', name: 'Omar Haddad', roles: ['owner'] },
      { id: 'ada', kind: 'User', name: 'Ada Novak', roles: ['auditor'] },
    );
    this.queueObjects = QUEUES.map((q) => ({
      ...q,
      kind: 'Queue',
      answer_within: '20s',
      ring_time: '15s',
      wrap_up: '30s',
      more_wrap_up: '2m',
      disposition_forced: q.id === 'billing',
    }));
    this.people = this.#people();
    const now = Date.now();
    this.agents = new Map();
    for (const [n, user] of this.users.entries()) {
      if (!user.roles.includes('agent') && !user.roles.includes('supervisor')) continue;
      const queues = QUEUES.filter((_, q) => (n + q) % 3 !== 0 || n === 0).map((q) => q.id);
      const agent = {
        id: user.id, state: 'available', since: iso(now - Math.floor(this.random() * 600_000)), call: null, queue: null, reason: null,
        next: null, disposition: null, owes_disposition: false, screen_pop: null, misses: 0,
        queues: user.roles.includes('agent') ? queues : [], presence: n % 3 ? presence(n) : null,
      };
      this.agents.set(user.id, agent);
      if (user.id === 'anna') agent.state = 'offline';
      else if (user.id === 'sofia') agent.state = 'available';
      else {
        const r = this.random();
        if (r < 0.12) agent.state = 'offline';
        else if (r < 0.2) Object.assign(agent, { state: 'break', reason: BREAKS[n % BREAKS.length] });
        else if (r < 0.27) agent.state = 'wrap-up';
        else if (r < 0.29) Object.assign(agent, { state: 'suspended', misses: 3 });
        else if (r < 0.72) this.#begin(agent, now - Math.floor(this.random() * 400_000));
      }
    }
    for (let n = 0; n < 7; n += 1) this.#wait(QUEUES[[0, 1, 1, 2, 2, 2, 2][n]].id, now - [12, 75, 20, 95, 60, 31, 8][n] * 1_000);
    this.counts = new Map(QUEUES.map((q, n) => [q.id, { offered: 120 + n * 17, answered: 104 + n * 15, abandoned: 9 + (n % 3), flowed_out: 3, callback: 2, level: [0.91, 0.84, 0.62, 0.88, 0.97, 0.79][n] }]));
    for (let n = 0; n < 180; n += 1) this.over.push(this.#past(n, now - 60_000 - n * 95_000));
  }

  #caller(n = Math.floor(this.random() * 10_000)) {
    const hostile = n % 41 === 3;
    return {
      caller: n % 19 === 5 ? null : `+4930${String(1_000_000 + ((n * 7_919) % 8_999_999)).slice(0, 7)}`,
      caller_name: hostile ? '<img src=x onerror=alert(1)>\u202egnp.exe' : n % 5 === 0 ? null : `${FIRST[(n * 3) % FIRST.length]} ${LAST[(n * 5) % LAST.length]}`,
    };
  }

  #call(queue, began, state, agent = null) {
    const id = `c${(this.nextCall += 1)}`;
    const call = {
      id, state, number: 'main', began: iso(began), answered: iso(began + 900), ended: null, ended_by: null, reason: null,
      fault: null, queue, outcome: null, agent, waited_ms: null, talked_ms: null, recordings: state === 'talking' ? [`r${this.nextCall}`] : [],
    };
    this.calls.set(id, { view: call, ...this.#caller(this.nextCall) });
    return call;
  }

  /** A Microsoft directory: the agents, and others who are nothing here. */
  #people() {
    const here = this.users.slice(0, 12).map((u, n) => ({
      id: `o${n}`, name: u.name, mail: `${u.id}@example.com`, business: [`+49 30 765 43${String(n).padStart(2, '0')}`], mobile: n % 2 ? `+4915155501${String(n).padStart(2, '0')}` : null,
      enabled: true, user: u.id, presence: presence(n),
    }));
    const others = FIRST.map((first, n) => ({
      id: `p${n}`, name: `${first} ${LAST[(n * 3) % LAST.length]}`, mail: n % 5 ? `${n}.somebody@a-rather-long-domain-name.example.com` : '', business: n % 4 ? [`+33 6 70 00 ${String(n).padStart(2, '0')} 00`] : n % 8 ? ['ext. 4711'] : [],
      mobile: null, enabled: n % 6 !== 5, user: null, presence: n % 3 ? presence(n) : null,
    }));
    return [...here, ...others].sort((a, b) => a.name.localeCompare(b.name));
  }

  #begin(agent, at) {
    const queue = agent.queues[Math.floor(this.random() * agent.queues.length)] ?? 'sales';
    const call = this.#call(queue, at - 14_000, 'talking', agent.id);
    Object.assign(agent, { state: 'talking', since: iso(at), call: call.id, queue });
  }

  #wait(queue, at) {
    return this.#call(queue, at, 'waiting');
  }

  #past(n, at) {
    const queue = QUEUES[n % QUEUES.length].id;
    const lost = n % 9 === 4;
    const agent = lost ? null : this.users[(n * 5) % Math.min(this.users.length - 3, 24)].id;
    const waited = 3_000 + ((n * 7_001) % 60_000);
    const talked = lost ? 0 : 40_000 + ((n * 31_337) % 500_000);
    const id = `c${90 - 0 + 100_000 - n}`;
    return {
      view: {
        id, state: 'ended', number: 'main', began: iso(at - waited - talked), answered: iso(at - waited - talked + 800), ended: iso(at),
        ended_by: lost ? 'caller' : n % 2 ? 'caller' : 'agent', reason: lost ? 'abandoned' : 'hung-up', fault: 'nobody', queue,
        outcome: lost ? 'abandoned' : 'answered', agent, waited_ms: waited, talked_ms: talked, recordings: lost ? [] : [`r${100_000 - n}`],
      },
      ...this.#caller(n % 23),
    };
  }

  #messages() {
    const now = Date.now();
    return Array.from({ length: 5 }, (_, n) => ({
      id: `r${500 + n}`, mailbox: n % 2 ? 'anna' : 'service', call: `c${99_990 - n}`, at: iso(now - n * 3_700_000), length_ms: 11_000 + n * 9_000,
      heard: n > 2 ? iso(now - n * 3_000_000) : null,
    }));
  }

  #callbacks() {
    const now = Date.now();
    return ['waiting', 'paused', 'waiting'].map((state, n) => ({
      id: `b${n + 1}`, queue: QUEUES[n].id, promised: iso(now - (n + 1) * 1_500_000), by: iso(now + (n + 1) * 3_000_000), tries: n, state,
    }));
  }

  queueView(id) {
    const c = this.counts.get(id);
    const waiting = [...this.calls.values()].map((c2) => c2.view).filter((v) => v.queue === id && v.state === 'waiting');
    const agents = Object.fromEntries(STATES.map((s) => [s, 0]));
    for (const a of this.agents.values()) if (a.queues.includes(id)) agents[a.state] += 1;
    return {
      id, waiting: waiting.length, waiting_since: waiting.map((v) => v.began).sort()[0] ?? null, agents,
      offered: c.offered + waiting.length, answered: c.answered, abandoned: c.abandoned, flowed_out: c.flowed_out, callback: c.callback,
      service_level: c.level, average_wait_ms: 11_400, expected_wait_ms: waiting.length ? 48_000 : 6_000, expected_wait_error: 0.21,
    };
  }

  snapshot() {
    return {
      number: this.number,
      snapshot: {
        calls: [...this.calls.values()].map((c) => c.view),
        agents: [...this.agents.values()],
        queues: QUEUES.map((q) => this.queueView(q.id)),
        alarms: [{ queue: 'billing', what: 'longest-wait', on: true, since: iso(Date.now() - 30_000), value: 95_000, bound: 60_000 }],
      },
    };
  }

  tell(change) {
    this.number += 1;
    const text = JSON.stringify({ number: this.number, ...change });
    this.changes.push([this.number, text]);
    if (this.changes.length > 500) this.changes.shift();
    for (const watcher of this.watchers) watcher.send(text);
  }

  watch(watcher, after) {
    this.watchers.add(watcher);
    const oldest = this.changes[0]?.[0] ?? this.number + 1;
    if (after !== null && after <= this.number && after + 1 >= oldest) {
      for (const [n, text] of this.changes) if (n > after) watcher.send(text);
    } else watcher.send(JSON.stringify(this.snapshot()));
  }

  agent(id) {
    this.tell({ agent: { ...this.agents.get(id) } });
  }

  queue(id) {
    this.tell({ queue: this.queueView(id) });
  }

  set(id, change) {
    const agent = this.agents.get(id);
    // The queue that a call was had of stays the work's, wherever the call goes.
    const queue = change.call ? (change.call === agent.call ? agent.queue : this.calls.get(change.call)?.view.queue) : null;
    Object.assign(agent, { since: iso(Date.now()), call: null, reason: null, ...change, queue: queue ?? null });
    this.agent(id);
    for (const q of agent.queues) this.queue(q);
  }

  /** One thing happens: an agent who is nobody's goes on to the next state. */
  tick() {
    if (this.still) return;
    const idle = [...this.agents.values()].filter((a) => !['anna', 'sofia'].includes(a.id));
    const agent = idle[Math.floor(this.random() * idle.length)];
    if (!agent) return;
    const call = agent.call ? this.calls.get(agent.call) : undefined;
    switch (agent.state) {
      case 'available': {
        const queue = agent.queues[Math.floor(this.random() * agent.queues.length)] ?? 'sales';
        const made = this.#wait(queue, Date.now() - 4_000);
        this.tell({ call: made });
        this.set(agent.id, { state: 'offered', call: made.id });
        break;
      }
      case 'offered':
        if (call) {
          Object.assign(call.view, { state: 'talking', agent: agent.id, recordings: [`r${call.view.id.slice(1)}`] });
          this.tell({ call: call.view });
          this.counts.get(call.view.queue).answered += 1;
          this.counts.get(call.view.queue).offered += 1;
        }
        this.set(agent.id, { state: 'talking', call: agent.call });
        break;
      case 'talking':
        if (call) this.end(call.view.id, 'caller');
        break;
      default:
        this.set(agent.id, { state: 'available', misses: 0 });
    }
  }

  end(id, by = 'agent') {
    const call = this.calls.get(id);
    if (!call) return false;
    this.calls.delete(id);
    const now = Date.now();
    const talked = call.view.agent ? now - Date.parse(call.view.began) : 0;
    Object.assign(call.view, { state: 'ended', ended: iso(now), ended_by: by, reason: 'hung-up', fault: 'nobody', outcome: call.view.agent ? 'answered' : 'abandoned', waited_ms: 8_000, talked_ms: talked });
    this.over.unshift(call);
    this.tell({ call: call.view });
    for (const agent of this.agents.values()) {
      if (agent.call !== id) continue;
      if (agent.state === 'talking') this.set(agent.id, { state: 'wrap-up', call: id, owes_disposition: call.view.queue === 'billing' });
      else this.set(agent.id, { state: 'available' });
    }
    this.queue(call.view.queue);
    return true;
  }

  /** A caller for this agent. */
  offer(id) {
    const agent = this.agents.get(id);
    if (agent?.state !== 'available') return null;
    const call = this.#wait('service', Date.now() - 17_000);
    this.tell({ call });
    this.set(id, { state: 'offered', call: call.id });
    this.tell({ notice: { agent: id, what: 'ring', call: call.id, say: '' } });
    return call.id;
  }

  answer(id) {
    const agent = this.agents.get(id);
    const call = agent?.call ? this.calls.get(agent.call) : null;
    if (agent?.state !== 'offered' || !call) return false;
    Object.assign(call.view, { state: 'talking', agent: id, recordings: [`r${call.view.id.slice(1)}`] });
    this.tell({ call: call.view });
    this.set(id, { state: 'talking', call: call.view.id });
    return true;
  }

  decline(id) {
    const agent = this.agents.get(id);
    if (agent?.state !== 'offered') return false;
    agent.misses += 1;
    this.set(id, { state: 'available' });
    return true;
  }

  /** Something more in the timeline of an open call. */
  note(id, what, about = {}) {
    const call = this.calls.get(id);
    if (!call) return;
    call.extra = [...(call.extra ?? []), { at: iso(Date.now()), what, say: what, ...about }];
    this.tell({ call: call.view });
  }

  find(id) {
    return this.calls.get(id) ?? this.over.find((c) => c.view.id === id);
  }

  /** A call with everything that is known of it. */
  detail(id) {
    const found = this.find(id);
    if (!found) return null;
    const { view, caller, caller_name } = found;
    const began = Date.parse(view.began);
    const ended = view.ended ? Date.parse(view.ended) : null;
    const waited = view.waited_ms ?? 8_000;
    const pick = began + 2_000 + waited;
    const at = (ms) => iso(Math.min(ms, ended ?? ms));
    const other = this.users[3].id;
    const timeline = [
      { at: iso(began), what: 'arrived', say: 'called main', called: 'main' },
      { at: iso(began + 3), what: 'flow-entered', say: 'flow main', flow: 'main' },
      { at: iso(began + 900), what: 'answered', say: 'answered' },
      { at: iso(began + 950), what: 'said', say: 'heard welcome', prompt: 'welcome' },
      { at: at(began + 1_600), what: 'chosen', say: 'chose 2 in the menu', digit: '2' },
      { at: at(began + 2_000), what: 'queued', say: `entered queue ${view.queue}`, queue: view.queue },
    ];
    const legs = [{ id: 'l1', role: 'caller', agent: null, state: ended ? 'far-hung-up' : 'up', began: iso(began), answered: iso(began + 900), ended: view.ended }];
    const explanation = [];
    if (view.agent || view.outcome !== 'abandoned') {
      const agent = view.agent ?? 'anna';
      timeline.push(
        { at: at(began + 2_200), what: 'offered', say: `${other} was rung`, agent: other, leg: 'l2' },
        { at: at(began + 2_300), what: 'ringing', say: 'the phone rings', leg: 'l2' },
        { at: at(pick - 4_000), what: 'missed', say: `${other} did not answer`, agent: other },
        { at: at(pick - 3_500), what: 'offered', say: `${agent} was rung`, agent, leg: 'l3' },
        { at: at(pick - 3_400), what: 'ringing', say: 'the phone rings', leg: 'l3' },
      );
      legs.push({ id: 'l2', role: 'agent', agent: other, state: 'near-hung-up', began: at(began + 2_200), answered: null, ended: at(pick - 4_000) });
      const decision = (who, leg, when, outcome) => ({
        at: when, queue: view.queue, agent: who, leg, why: 'in-order', strategy: 'longest-idle', score: 0, idle_ms: 96_000,
        runners_up: [{ agent: 'agent5', score: 0, idle_ms: 61_000 }, { agent: 'agent9', score: 0, idle_ms: 12_000 }], free: 5, lacking: 1,
        needed: { german: 3 }, relaxed: 0, priority: 0, excluded: { talking: 9, break: 2 }, waited_ms: waited, behind: 2, outcome, position: 4_711,
        say: `${who} was rung: free for 1 min 36 s, the longest of 5 free; needed: german 3. The caller had waited ${Math.round(waited / 1_000)} s.`,
      });
      explanation.push(decision(other, 'l2', at(began + 2_200), 'missed'));
      explanation.push(decision(agent, 'l3', at(pick - 3_500), view.agent ? 'answered' : 'open'));
      if (view.agent) {
        legs.push({ id: 'l3', role: 'agent', agent, state: ended ? 'near-hung-up' : 'up', began: at(pick - 3_500), answered: at(pick), ended: view.ended });
        timeline.push(
          { at: at(pick), what: 'connected', say: 'connected', leg: 'l3' },
          { at: at(pick + 40), what: 'recording-started', say: 'recording began', recording: view.recordings[0] ?? 'r1' },
        );
        if (ended && ended - pick > 60_000) {
          timeline.push(
            { at: at(pick + 20_000), what: 'held', say: 'put on hold', leg: 'l3' },
            { at: at(pick + 32_000), what: 'resumed', say: 'taken back from hold', leg: 'l3' },
            { at: at(pick + 41_000), what: 'supervised', say: 'sofia supervises (listen)', by: 'sofia', mode: 'listen' },
          );
          legs.push({ id: 'l4', role: 'supervisor', agent: 'sofia', state: 'far-hung-up', began: at(pick + 39_000), answered: at(pick + 41_000), ended: at(pick + 58_000) });
          timeline.push({ at: at(pick + 58_000), what: 'supervision-ended', say: 'sofia supervises no more', by: 'sofia' });
        }
      }
    }
    timeline.push(...(found.extra ?? []));
    legs.push(...(found.legs ?? []));
    if (ended) timeline.push({ at: view.ended, what: 'ended', say: `ended by ${view.ended_by}: ${view.reason}`, by: view.ended_by, reason: view.reason });
    // Whoever talked was measured: the caller lost some, the agent nearly nothing.
    const way = (lost, mos, opinion) => ({ packets: 6_000, lost, lost_percent: lost / 60, jitter_ms: lost / 20, mos, opinion });
    for (const leg of legs.filter((l) => l.answered))
      leg.quality = {
        codec: 'PCMA',
        heard: leg.id === 'l1' ? way(600, 2.4, 'poor') : way(6, 4.3, 'good'),
        sent: leg.id === 'l1' ? way(180, 3.5, 'fair') : null,
        round_trip_ms: leg.id === 'l1' ? 48 : null,
      };
    const dispositions = ended && view.agent ? [{ agent: view.agent, disposition: 'sold' }] : [];
    return { ...view, caller, caller_name, legs, timeline, dispositions, explanation };
  }
}

export { QUEUES };
