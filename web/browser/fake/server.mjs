// Serves the built app with the headers that the real server sends, and an API over a made-up world. For looking at pages:
//   node browser/fake/server.mjs --port 14173 --agents 24

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { recording, shape } from './audio.mjs';
import { proofOf } from './proof.mjs';
import { accept } from './socket.mjs';
import { BREAKS, chance, QUEUES, World } from './world.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DIST = join(ROOT, 'dist');
/** Pages that stand alone, beside the app. */
const PAGES = ['call', 'connector'];
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json' };
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
  "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors ";
const PERSONAS = [
  { id: 'agent', user: 'anna', role: 'agent' },
  { id: 'supervisor', user: 'sofia', role: 'supervisor' },
  { id: 'owner', user: 'omar', role: 'owner' },
  { id: 'auditor', user: 'ada', role: 'auditor' },
];
// What Microsoft is asked for, as far as pages tell one line from another.
const PERMISSIONS = [
  { feature: 'sign-in', registration: 'sign-in', permission: 'openid', type: 'delegated', operations: ['OpenID Connect sign-in'], fields: ['oid', 'tid', 'roles', 'name'], stored: ['oid'], reason: 'people sign in with their work account' },
  { feature: 'sign-in', registration: 'sign-in', permission: 'User.Read', type: 'delegated', operations: ['GET /me'], fields: ['id', 'displayName'], stored: [], reason: "the signed-in person's own name" },
  { feature: 'directory-sync', registration: 'background', permission: 'User.Read.All', type: 'application', operations: ['GET /users/delta', 'GET /users/{id}'], fields: ['id', 'displayName', 'mail', 'businessPhones', 'mobilePhone'], stored: ['id', 'displayName', 'mail', 'businessPhones', 'mobilePhone'], reason: "the tenant's people with their numbers" },
  { feature: 'presence-read', registration: 'background', permission: 'Presence.Read.All', type: 'application', operations: ['POST /communications/getPresencesByUserId'], fields: ['id', 'availability', 'activity'], stored: [], reason: 'an agent in a Teams call or not to be disturbed is not rung', granted: false, stopped: 'presence-read stopped: the registration background lacks the permission Presence.Read.All (application). Let an administrator grant it, then consent again on the permissions page.' },
  { feature: 'bot', registration: 'bot', permission: null, type: 'delegated', operations: [], fields: [], stored: [], reason: 'the bot needs no permission of Graph' },
];
const TRUNKS = {
  carrier: { trunk: 'carrier', calls: 3, registered: true, registration_refused: null, far_ends: [
    { host: 'sip1.carrier.example:5061', up: true, for_seconds: 86_400, said: 200, refuses: false, history: [] },
    { host: 'sip2.carrier.example:5061', up: false, for_seconds: 540, said: 503, refuses: false, unreached: 'refused', why: null, history: [{ seconds_ago: 540, up: false, said: 408 }, { seconds_ago: 90_000, up: true, said: 200 }] },
  ], answers: [], teams: false },
  second: { trunk: 'second', calls: 0, registered: false, registration_refused: 403, far_ends: [{ host: '192.0.2.17:5060', up: false, for_seconds: 75, said: 503, refuses: false, history: [] }], answers: [], teams: false },
  teams: { trunk: 'teams', teams: true, asked_us_seconds_ago: 42, calls: 7, registered: null, registration_refused: null, far_ends: [
    { host: 'sip.pstnhub.microsoft.com:5061', up: true, for_seconds: 3_900, said: 200, refuses: false, why: null, history: [{ seconds_ago: 3_900, up: true, said: 200 }, { seconds_ago: 4_000, up: false, said: 503 }, { seconds_ago: 90_000, up: true, said: 200 }] },
    { host: 'sip2.pstnhub.microsoft.com:5061', up: true, for_seconds: 90_000, said: 200, refuses: false, why: null, history: [] },
    { host: 'sip3.pstnhub.microsoft.com:5061', up: false, for_seconds: 61, said: 503, refuses: false, unreached: 'tls', why: 'invalid peer certificate: UnknownIssuer', history: [] },
  ], answers: [
    { code: 403, sub_code: 510_532, times: 4, seconds_ago: 65, what: 'the name in Contact is not known in the Microsoft tenant', todo: 'check teams.fqdn' },
    { code: 404, sub_code: null, times: 1, seconds_ago: 700, what: 'nobody in the Microsoft tenant has this number', todo: 'assign it' },
    { code: 486, sub_code: 560_486, times: 2, seconds_ago: 800, what: 'this server refused the call', todo: 'look at the call here' },
    { code: 499, sub_code: 123_456, times: 1, seconds_ago: 9_000, what: 'refused in a way <b>nobody</b> knows', todo: '' },
  ] },
  loopback: { trunk: 'loopback', calls: 0, registered: null, far_ends: [], answers: [], teams: false },
};

const DISPOSITIONS = ['Order', 'Question answered', 'Complaint', 'Call back later', 'Wrong number', 'Refund promised'].map((name) => ({
  id: name.toLowerCase().replaceAll(' ', '-'), kind: 'Disposition', name, queues: name === 'Refund promised' ? ['billing'] : null,
}));
// What this server has beside what openapi.json says.
const MORE = {
  '/api/v1/session': ['get', 'post', 'delete'],
  '/api/v1/microsoft/connect': ['get', 'delete'],
  '/api/v1/microsoft/licences': ['get', 'post'],
  '/api/v1/agents/me': ['get'],
  '/api/v1/directory': ['get'],
  '/api/v1/calls/{id}/notes': ['get', 'put'],
  '/api/v1/softphone': ['get', 'post', 'patch', 'delete'],
  '/api/v1/softphone/hang-up': ['post'],
  '/api/v1/softphone/hold': ['put'],
  '/api/v1/agents/{id}/endpoint': ['get', 'put'],
  '/api/v1/softphone/answer': ['post'],
  '/api/v1/softphone/decline': ['post'],
};

/** A picture of one point. */
const DOT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

class Refused extends Error {
  constructor(status, detail, code) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

function described() {
  const copy = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8'));
  for (const [path, methods] of Object.entries(MORE)) {
    copy.paths[path] = { ...copy.paths[path], ...Object.fromEntries(methods.map((m) => [m, {}])) };
  }
  return copy;
}

function report(kind, query) {
  const random = chance(kind.length * 13 + (query.get('by') ?? '').length);
  const ids = kind === 'queues' ? QUEUES.map((q) => q.id) : ['anna', ...Array.from({ length: 11 }, (_, n) => `agent${n + 2}`)];
  const [from, to] = [new Date(query.get('from') ?? Date.now()), new Date(query.get('to') ?? Date.now())];
  const width = { interval: 900_000, day: 86_400_000 }[query.get('by')] ?? Infinity;
  const starts = [];
  for (let at = from.getTime(); at < to.getTime() && starts.length < 400; at += width) starts.push(new Date(at).toISOString());
  const rows = starts.flatMap((start) =>
    ids.map((id) => {
      const size = width === 900_000 ? 14 : 160;
      const hour = new Date(start).getHours();
      const load = width === 900_000 ? Math.max(0.05, Math.sin(((hour - 6) / 14) * Math.PI)) : 0.7 + random() * 0.6;
      const offered = Math.round(size * load * (0.6 + random()));
      const abandoned = Math.round(offered * random() * 0.14);
      const answered = offered - abandoned;
      const talk = answered * (120_000 + random() * 200_000);
      const common = { start, handled: answered, talk_ms: Math.round(talk), hold_ms: Math.round(talk * 0.08), wrap_ms: answered * 25_000, aht_ms: answered ? Math.round(talk / answered + 35_000) : null, transfers: Math.round(answered * 0.06), outbound: 2, consults: 3, conferences: 1, offers: answered + 4, offers_answered: answered, offers_missed: 4, answer_rate: answered / (answered + 4) };
      if (kind === 'agents') {
        const signed = 7 * 3_600_000;
        return { ...common, agent: id, ringing_ms: answered * 4_000, available_ms: signed * 0.3, offered_ms: answered * 4_000, talking_ms: Math.round(talk), wrap_up_ms: answered * 25_000, break_ms: 2_700_000, suspended_ms: 0, breaks: { Lunch: 1_800_000, Coffee: 900_000 }, occupancy: 0.6 + random() * 0.3, utilisation: 0.5 + random() * 0.3, contacts_per_hour: 6 + random() * 6, shrinkage: 0.11 };
      }
      return { ...common, queue: id, offered, answered, answered_within: Math.round(answered * 0.85), abandoned, short_abandoned: 1, abandoned_within: 1, flowed_out: 0, callback: 0, waiting: 0, service_level: offered ? 0.68 + random() * 0.3 : null, asa_ms: Math.round(6_000 + random() * 20_000), average_wait_ms: 12_000, average_abandon_ms: 31_000, max_wait_ms: Math.round(40_000 + random() * 200_000), wait_p50_ms: 7_000, wait_p90_ms: 31_000, wait_p95_ms: 44_000, abandon_rate: offered ? abandoned / offered : null, hold_rate: 0.2, transfer_rate: 0.06, estimates: 0, estimate_error_ms: null, estimate_mape: null, resolved: null, repeated: null, fcr: null, repeat_rate: null };
    }),
  );
  const formulas = {
    identity: 'offered = answered + abandoned + flowed_out + callback + waiting',
    service_level: 'SL1: answered_within / (answered + abandoned - abandoned_within)',
    asa_ms: 'ASA1: sum of waits of answered / answered',
    abandon_rate: 'AR1: (abandoned - short_abandoned) / (offered - short_abandoned), short is below 5 s',
    aht_ms: 'AHT1: (talk + hold + wrap) / handled, consultation within hold',
    occupancy: 'OCC1: (offered + talking + wrap-up) / (same + available), ringing in',
  };
  return { from: from.toISOString(), to: to.toISOString(), by: query.get('by') ?? 'total', formulas, rows };
}

export async function serveFake({ port = 0, agents = 24, still = false, rate = 3, offers = true, ancestors = "'self'", tab = null } = {}) {
  const world = new World({ agents, still });
  const sessions = new Map();
  const description = described();
  const log = [];
  const proof = proofOf();
  let held = false;
  let edition = 0;
  let endpoint = { kind: 'any' };
  const ticking = rate > 0 ? setInterval(() => world.tick(), 1_000 / rate) : undefined;
  // A caller rings for the agent who is free, as in the demo.
  const offering = offers ? setInterval(() => world.offer('anna'), 4_000) : undefined;

  const begin = (response, user, role) => {
    const secret = randomBytes(16).toString('hex');
    const csrf = randomBytes(8).toString('hex');
    const person = world.users.find((u) => u.id === user);
    const session = { user, name: person?.name ?? user, role, agent_id: world.agents.has(user) ? user : null, csrf };
    sessions.set(secret, session);
    response.setHeader('Set-Cookie', `switchroom=${secret}; HttpOnly; SameSite=Lax; Path=/`);
    return session;
  };
  const who = (request) => {
    const cookie = /switchroom=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    const session = sessions.get(cookie);
    if (session) return { ...session, cookie };
    if (/^Bearer sr_fake/.test(request.headers.authorization ?? '') || /token=sr_fake/.test(request.url)) {
      return { user: null, name: 'Token', role: 'owner', agent_id: null };
    }
    return null;
  };

  async function answer(method, path, query, body, me, response) {
    const parts = path.split('/').filter(Boolean);
    const key = `${method} /${parts.map((p, n) => (n === 1 && !['me', 'queues', 'agents', 'personas', 'session', 'answer', 'decline', 'hang-up', 'hold', 'ways', 'users', 'status'].includes(p) ? '{}' : p)).join('/')}`;
    const id = parts[1];
    const self = me?.agent_id ?? (typeof body?.agent === 'string' ? body.agent : 'anna');
    if (method === 'GET' && path === '/demo/personas') {
      return PERSONAS.map((p) => ({ persona: p.id, user: p.user, name: world.users.find((u) => u.id === p.user)?.name, says: '' }));
    }
    if (method === 'POST' && path === '/demo/session') {
      fake.stale = false;
      const persona = PERSONAS.find((p) => p.id === body?.persona);
      if (!persona) throw new Refused(404, 'there is no such persona');
      return begin(response, persona.user, persona.role);
    }
    if (method === 'POST' && path === '/session' && fake.stale) {
      if (body?.password !== 'correct horse') throw new Refused(401, 'user, password or code are not right', 'wrong');
      if (body?.totp !== '123456') throw new Refused(401, 'the code of the second factor is missing', 'second-factor');
      fake.stale = false;
      return begin(response, body.user, 'owner');
    }
    if (method === 'POST' && path === '/session') {
      if (body?.password !== 'correct horse') throw new Refused(401, 'user, password or code are not right');
      return begin(response, body.user, 'agent');
    }
    if (tab && method === 'GET' && path.startsWith('/connector/')) return { scope: null, ways: [], hosts: [], brand: null, teams: 'https://teams.microsoft.com', places: ['chat', 'channel', 'team'], ...tab };
    // As the real one: some numbers are not called.
    const scheme = (through) => tab?.ways?.find((w) => w.id === through)?.scheme ?? (through === null ? 'tel' : null);
    if (tab && method === 'POST' && (path.endsWith('/softphone-link') || (path === '/dial' && scheme(body.through)))) {
      // A stranger is not told which rule it is.
      const why = path === '/dial' ? ['this number may not be called: premium numbers are not called', 'premium'] : ['this number is not called', 'destination-not-allowed'];
      if (/^(\+49|0)900/.test(body.to)) throw new Refused(422, ...why);
      if (tab.scope && path !== '/dial') throw new Refused(401, 'people of this tenant sign in', 'token');
      return { progress: 'handed-over', open: `${fake.address}/call?tenant=harbour#scheme=${scheme(body.through)}&number=${encodeURIComponent(body.to)}` };
    }
    if (tab?.passes && method === 'POST' && path === '/dial/pass') {
      const line = tab.passes[body.line_pass];
      if (!line) throw new Refused(403, 'this line pass is for somebody else, or for another telephone system', 'line');
      return line;
    }
    if (tab?.brand && method === 'GET' && path.startsWith('/brand/')) return tab.brand;
    if (tab?.may && method === 'POST' && path === '/dial/may') return tab.may;
    if (path === '/openapi.json') return description;
    if (path === '/closing' && method !== 'POST') {
      // Nobody is signed in to an account that ended: its receipt counts.
      if (!proof.closing || response.req.headers.authorization !== 'Bearer sc_fake') throw new Refused(404, 'there is no closing of which this is the receipt');
      if (method === 'DELETE') proof.closing = null;
      return proof.closing;
    }
    if (!me) throw new Refused(401, 'sign in');
    if (method !== 'GET' && me.cookie && response.req.headers['x-csrf-token'] !== me.csrf) throw new Refused(403, 'this request did not come from our page');
    const supervises = ['supervisor', 'owner'].includes(me.role);
    const may = (...roles) => {
      if (!roles.includes(me.role)) throw new Refused(403, `this needs the role ${roles.join(' or ')}`);
    };
    // As the real one: what is grave wants somebody who signed in lately.
    const isGrave = /^\/people\/[^/]+(\/archive)?$/.test(path) && ['GET', 'DELETE'].includes(method);
    if (fake.stale && isGrave) throw new Refused(403, 'sign in again for this: it needs a sign-in within the last 15 minutes', 'sign-in-again');
    if (path === '/closing') {
      may('owner');
      if (body.tenant !== 'demo') throw new Refused(422, 'this is not the id of your tenant: nothing was changed');
      const at = new Date();
      proof.closing = { tenant: 'demo', state: 'waiting', asked: at.toISOString(), disposal: new Date(at.getTime() + (body.days ?? 30) * 86_400_000).toISOString(), certificate: null };
      sessions.clear();
      return { ...proof.closing, receipt: 'sc_fake' };
    }
    const proven = proof.answer(method, path, query, body, { may, missing: undefined });
    if (proven !== undefined) return proven;
    if (path.startsWith('/directory/local')) {
      may('owner');
      const before = world.people.findIndex((p) => p.id === parts[2]);
      if (before >= 0) world.people.splice(before, 1);
      if (method === 'DELETE') return null;
      const person = { enabled: true, corrected: [], presence: null, user: null, origin: 'local', ...body, mobile: body.mobile || null, id: parts[2] ?? `local-${world.people.length}` };
      world.people.push(person);
      return person;
    }
    switch (key) {
      case 'GET /session':
        if (!me.user) throw new Refused(403, 'this needs a person who is signed in');
        return { ...me, cookie: undefined };
      case 'DELETE /session':
        sessions.delete(me.cookie);
        return null;
      case 'GET /users':
        return world.users;
      case 'GET /queues':
        return world.queueObjects;
      case 'GET /numbers':
        return [{ id: 'main', kind: 'Number', number: '+49307654321' }, { id: 'sales', kind: 'Number', number: '+49307654300' }];
      case 'GET /dispositions':
        return DISPOSITIONS;
      case 'GET /secure-entries':
        return [{ id: 'card', kind: 'SecureEntry', name: 'Card number' }];
      case 'GET /agents':
        return [...world.agents.values()];
      case 'GET /agents/me':
        return { ...world.agents.get(self), break_reasons: BREAKS, today: { handled: 23, talk_ms: 7_480_000, hold_ms: 300_000, wrap_ms: 690_000, break_ms: 1_500_000, available_ms: 4_100_000, offers_missed: 1, offers: 24 } };
      case 'GET /directory': {
        const q = (query.get('q') ?? '').toLowerCase();
        const people = [...world.agents.values()].map((a) => ({ kind: 'agent', id: a.id, name: world.users.find((u) => u.id === a.id)?.name, state: a.state }));
        const queues = QUEUES.map((x) => ({ kind: 'queue', id: x.id, name: x.name, waiting: world.queueView(x.id).waiting }));
        return [...queues, ...people].filter((e) => `${e.name} ${e.id}`.toLowerCase().includes(q)).slice(0, 30);
      }
      case 'GET /directory/status':
        return fake.directory;
      case 'GET /directory/users': {
        const q = (query.get('q') ?? '').toLowerCase();
        // As the real one: who asks for nobody finds nobody.
        return world.people.filter((p) => q !== '' && `${p.name} ${p.business.join(' ').replaceAll(' ', '')} ${p.mail}`.toLowerCase().includes(q)).slice(0, Number(query.get('limit') ?? 50));
      }
      case 'GET /permissions':
        if (me.role === 'agent') throw new Refused(403, 'this needs the role auditor, supervisor or owner');
        return PERMISSIONS;
      case 'GET /microsoft/{}':
      case 'DELETE /microsoft/{}':
      case 'POST /microsoft/{}':
        if (me.role !== 'owner') throw new Refused(403, 'this needs the role owner');
        if (id === 'licences') return method === 'GET' ? fake.licences : licence(body);
        if (id !== 'connect') missing('page');
        if (method === 'GET') return fake.connection;
        fake.connection = { ...fake.connection, directory: null };
        fake.directory = { ...fake.directory, kept: false };
        return null;
      case 'GET /session/ways':
        return { microsoft: true };
      case 'GET /trunks':
        return Object.keys(TRUNKS).map((t) => ({ kind: 'Trunk', id: t }));
      case 'GET /trunks/{}/status':
        return TRUNKS[id] ?? missing('trunk');
      case 'GET /agents/{}/state':
      case 'GET /agents/me/state':
        return world.agents.get(id === 'me' ? self : id) ?? missing('agent');
      case 'PUT /agents/me/state':
      case 'PUT /agents/{}/state': {
        const agent = world.agents.get(id === 'me' ? self : id) ?? missing('agent');
        if (!supervises && agent.id !== me.agent_id) throw new Refused(403, 'this needs the role supervisor');
        if (['talking', 'offered'].includes(agent.state)) {
          agent.next = body.state === 'available' ? null : body.state;
          world.agent(agent.id);
        } else if (agent.state === 'wrap-up' && agent.owes_disposition && !agent.disposition) {
          agent.next = body.state;
          world.agent(agent.id);
        } else world.set(agent.id, { state: body.state, reason: body.reason ?? null, next: null, owes_disposition: false, disposition: null });
        return agent;
      }
      case 'POST /agents/{}/wrap-up':
      case 'POST /agents/me/wrap-up':
        return null;
      case 'GET /calls': {
        const limit = Number(query.get('limit') ?? 100);
        const after = Number(query.get('cursor')?.slice(1) ?? 0);
        const queue = query.get('queue');
        const same = query.get('with_same_caller_as');
        const agent = me.role === 'agent' ? me.agent_id : query.get('agent');
        let list = [...(after ? [] : [...world.calls.values()].reverse()), ...world.over];
        if (agent && !same) list = list.filter((c) => c.view.agent === agent);
        if (queue) list = list.filter((c) => c.view.queue === queue);
        if (same) {
          const caller = world.find(same)?.caller;
          list = world.over.filter((c, n) => (caller && c.caller === caller) || n % 37 === 5).slice(0, 6);
        }
        const page = list.slice(after, after + limit);
        return { items: page.map((c) => c.view), next: after + limit < list.length ? `c${after + limit}` : null };
      }
      case 'GET /calls/{}':
        return world.detail(id) ?? missing('call');
      case 'GET /calls/{}/explanation': {
        const detail = world.detail(id) ?? missing('call');
        const list = (d) => [...world.agents.values()].slice(0, 9).map((a, n) => ({ agent: a.id, queue: d.queue, rung: a.id === d.agent, state: n % 3 ? 'available' : 'talking', why_not: a.id === d.agent ? null : n % 3 ? 'others came first' : 'was talking', score: 0, idle_ms: n * 9_000 }));
        return { story: detail.timeline.map((m) => m.say), decisions: detail.explanation.map((d) => ({ say: d.say, position: d.position, agents: list(d) })) };
      }
      case 'GET /calls/{}/notes':
        return { notes: world.notes.get(id) ?? '' };
      case 'PUT /calls/{}/notes':
        world.notes.set(id, String(body.notes ?? ''));
        return null;
      case 'POST /calls/{}/hang-up':
        if (!world.end(id)) throw new Refused(404, 'there is no such open call');
        return null;
      case 'POST /calls/{}/actions':
        return act(id, body);
      case 'GET /dial':
        return [
          { id: null, name: '', kind: 'own', line: 'known' },
          { id: 'portal', name: 'Hosted phone', kind: 'commportal', line: 'typed' },
          { id: 'asterisk', name: 'Office phone', kind: 'ari', line: 'pass' },
          { id: 'freeswitch', name: '', kind: 'esl', line: 'pass' },
        ].map((way) => ({ server_dial: true, client_address: false, progress: true, hang_up: true, other_phone: false, scheme: null, wants_password: way.line === 'typed', untried: way.line === 'pass', ...way }));
      case 'POST /pbxs/{}/line-passes':
        may('owner');
        return body.people.map(({ person }) => ({ person, pass: `${id}~${'A'.repeat(60)}`, link: id === 'asterisk' ? `https://teams.microsoft.com/l/entity/app/people?context=%7B%22subEntityId%22%3A%22${id}~${'A'.repeat(60)}%22%7D` : null }));
      case 'POST /dial':
        if (body.to.startsWith('+3367')) return null;
        throw new Refused(409, 'this agent is busy, suspended or unknown, and cannot call now');
      case 'GET /callbacks':
        return world.callbacks;
      case 'DELETE /callbacks/{}':
        world.callbacks = world.callbacks.filter((c) => c.id !== id);
        return null;
      case 'GET /messages':
        if (!supervises && query.get('mailbox') !== me.user) throw new Refused(403, 'this needs the role supervisor');
        return { items: world.messages.filter((m) => !query.get('mailbox') || m.mailbox === query.get('mailbox')), next: null };
      case 'PUT /messages/{}':
        world.messages = world.messages.map((m) => (m.id === id ? { ...m, heard: body.heard ? new Date().toISOString() : null } : m));
        return null;
      case 'DELETE /messages/{}':
        world.messages = world.messages.filter((m) => m.id !== id);
        return null;
      case 'GET /reports/queues/live':
      case 'GET /reports/queues':
      case 'GET /reports/agents':
        return path.endsWith('/live') ? QUEUES.map((q) => world.queueView(q.id)) : report(id, query);
      case 'POST /softphone/answer':
        if (!world.answer(self)) throw new Refused(409, 'nothing rings');
        return null;
      case 'POST /softphone/decline':
        if (!world.decline(self)) throw new Refused(409, 'nothing rings');
        return null;
      case 'POST /softphone/hang-up':
        world.end(world.agents.get(self)?.call ?? '');
        return null;
      case 'PUT /softphone/hold':
        held = body.held;
        return null;
      case 'GET /softphone': {
        const agent = world.agents.get(self);
        const state = { offered: 'ringing', talking: 'talking' }[agent?.state] ?? 'idle';
        return { id: 'p1-1', connected: true, state, call: state === 'idle' ? null : agent.call, held };
      }
      case 'POST /softphone':
      case 'PATCH /softphone':
        if (!fake.connect) throw new Refused(503, 'there are too many browsers already');
        if (method === 'POST') {
          if (edition > 0) world.tell({ notice: { agent: self, what: 'replaced', softphone: `p1-${edition}` } });
          edition += 1;
        }
        return { id: `p1-${edition}`, answer: await fake.connect(body.offer) };
      case 'GET /agents/{}/endpoint':
        return endpoint;
      case 'PUT /agents/{}/endpoint':
        endpoint = body;
        return null;
      case 'DELETE /softphone':
        return null;
      default:
        throw new Refused(404, `there is no ${key}`);
    }
  }

  function act(id, body) {
    const call = world.calls.get(id);
    if (body.action === 'dispose') {
      const agent = world.agents.get(body.by);
      if (!agent) throw new Refused(409, 'this is not possible now');
      const next = agent.next;
      Object.assign(agent, { disposition: body.disposition, owes_disposition: false, next: null });
      if (next) world.set(agent.id, { state: next, disposition: null });
      else world.agent(agent.id);
      return null;
    }
    if (!call) throw new Refused(404, 'there is no such open call');
    if (body.action === 'transfer') {
      call.view.queue = body.to?.queue ?? call.view.queue;
      world.end(id, 'agent');
    }
    if (body.action === 'move') {
      const old = call.view.queue;
      call.view.queue = body.queue;
      world.tell({ call: call.view });
      world.queue(old);
      world.queue(body.queue);
    }
    const by = body.by ?? 'anna';
    if (body.action === 'consult') {
      world.note(id, 'consult-began', { by, to: body.to });
      if (body.to.agent) call.legs = [{ id: 'l9', role: 'agent', agent: body.to.agent, state: 'up', began: call.view.began, answered: call.view.began, ended: null }];
    }
    if (['abort', 'join'].includes(body.action)) {
      if (body.action === 'abort') call.legs = [];
      world.note(id, 'consult-ended', { by });
    }
    if (body.action === 'complete') world.end(id, 'agent');
    if (body.action === 'pause-recording') world.note(id, 'recording-paused', { recording: 'r1' });
    if (body.action === 'resume-recording') world.note(id, 'recording-resumed', { recording: 'r1' });
    if (body.action === 'secure') world.note(id, 'secure-began', { secure_entry: body.entry });
    if (body.action === 'stop-secure') world.note(id, 'secure-ended', { secure_entry: 'card', ok: false });
    if (body.action === 'supervise') {
      call.legs = [{ id: 'l8', role: 'supervisor', agent: by, state: 'up', began: call.view.began, answered: call.view.began, ended: null }];
    }
    if (body.action === 'supervise') world.set(body.by, { state: 'talking', call: id });
    if (body.action === 'stop-supervising') world.set(body.by, { state: 'available' });
    return null;
  }

  function licence({ users, add = [], remove = [], dry_run }) {
    const against = add.some((sku) => fake.licences.licences.find((l) => l.sku === sku)?.left === 0) ? ['no unit is left'] : [];
    const done = !dry_run && against.length === 0;
    for (const l of done ? fake.licences.licences : []) {
      const change = (add.includes(l.sku) ? 1 : 0) - (remove.includes(l.sku) ? 1 : 0);
      Object.assign(l, { used: l.used + change, left: l.left - change });
    }
    return users.map((user) => ({ user, add, remove, against, done }));
  }

  function missing(what) {
    throw new Refused(404, `there is no such ${what}`);
  }

  /** A recording, whole or from some byte on. */
  function play(wav, range, response) {
    const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    response.setHeader('Content-Type', 'audio/wav');
    response.setHeader('Accept-Ranges', 'bytes');
    if (range) response.writeHead(206, { 'Content-Range': `bytes ${from}-${wav.length - 1}/${wav.length}` });
    response.end(wav.subarray(from));
  }

  function file(path, response) {
    const wanted = normalize(path).replace(/^\/+/, '') || 'index.html';
    const serve = (name) => {
      const bytes = readFileSync(join(DIST, name));
      response.setHeader('Content-Type', TYPES[extname(name)] ?? 'application/octet-stream');
      // The tab asks Microsoft, as no other page does.
      const asks = tab && name === 'connector.html' ? `connect-src 'self' ${tab.login} ${tab.graph};` : "connect-src 'self';";
      response.setHeader('Content-Security-Policy', CSP.replace("connect-src 'self';", asks) + ancestors);
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('Cache-Control', name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
      response.end(bytes);
    };
    try {
      serve(wanted);
    } catch {
      if (wanted.startsWith('assets/')) response.writeHead(404).end();
      else serve(PAGES.includes(wanted) ? `${wanted}.html` : 'index.html');
    }
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (!url.pathname.startsWith('/api/')) return file(url.pathname, response);
    const path = url.pathname.replace('/api/v1', '');
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const me = who(request);
    try {
      const text = Buffer.concat(chunks).toString();
      const body = text ? JSON.parse(text) : undefined;
      log.push({ method: request.method, path, body });
      if (log.length > 1_000) log.shift();
      const audio = /^\/recordings\/r(\d+)(\/peaks)?$/.exec(path);
      if (audio && me) {
        const wav = recording(42, Number(audio[1]) + 1);
        if (!audio[2]) return play(wav, request.headers.range, response);
        response.setHeader('Content-Type', 'application/json');
        return response.end(JSON.stringify(shape(wav, Number(url.searchParams.get('pieces') ?? 1_000))));
      }
      const picture = /^\/directory\/users\/([^/]+)\/photo$/.exec(path);
      if (picture && me) {
        if (!fake.pictures.has(picture[1])) throw new Refused(404, 'there is no picture of this person');
        response.setHeader('Content-Type', 'image/png');
        return response.end(DOT);
      }
      const said = await answer(request.method, path, url.searchParams, body, me, response);
      if (said === null) return response.writeHead(204).end();
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(said));
    } catch (e) {
      const status = e instanceof Refused ? e.status : 500;
      response.writeHead(status, { 'Content-Type': 'application/problem+json' });
      response.end(JSON.stringify({ status, title: 'Problem', detail: String(e.message), ...(e.code ? { code: e.code } : {}) }));
    }
  });
  server.on('upgrade', (request, socket) => {
    if (!who(request)) return socket.destroy();
    const after = new URL(request.url, 'http://localhost').searchParams.get('after');
    const watcher = accept(request, socket, () => world.watchers.delete(watcher));
    world.watch(watcher, after === null ? null : Number(after));
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  const address = `http://127.0.0.1:${server.address().port}`;
  const fake = {
    address,
    world,
    log,
    /** The audit log and what is attested. */
    proof,
    /** How the copy of the Microsoft directory stands. */
    directory: { kept: true, people: world.people.length, at: new Date(Date.now() - 40_000).toISOString(), reading: false, trouble: null, presence: { at: new Date().toISOString(), trouble: null } },
    /** Ids of the people of whom there is a picture. */
    pictures: new Set(),
    /** Whether whoever is signed in did so too long ago for what is grave. */
    stale: false,
    /** Licences of the Microsoft tenant, and whether this session may ask for them. */
    licences: { signed_in: true, licences: [
      { sku: 'e43b5b99-8dfb-405f-9987-dc307f34bcbd', name: 'MCOEV', units: 25, used: 21, left: 4 },
      { sku: '440eaaa8-b3e0-484b-a8be-62870b9ba70a', name: 'PHONESYSTEM_VIRTUALUSER', units: 5, used: 5, left: 0 },
    ] },
    /** How the tenant is connected to Microsoft. */
    connection: {
      directory: '3f0c1a52-0000-4000-8000-00000000000a', profile: 'contact-center', features: ['sign-in', 'directory-sync', 'presence-read', 'licences'],
      registrations: [
        { name: 'sign-in', app: '7d1c2c2e-0000-4000-8000-000000000001', consent: '/api/v1/microsoft/connect/sign-in', permissions: [], missing: null, surplus: null, manifest: { displayName: 'Switchroom sign-in' } },
        { name: 'background', app: '7d1c2c2e-0000-4000-8000-000000000002', consent: '/api/v1/microsoft/connect/background', permissions: [], missing: ['Presence.Read.All'], surplus: ['Directory.Read.All'], manifest: { displayName: 'Switchroom background' } },
        { name: 'bot', app: null, consent: null, permissions: [], missing: null, surplus: null, manifest: { displayName: 'Switchroom bot' } },
      ],
    },
    /** Answers the offer of a page that wants to be a phone; a test says how. */
    connect: null,
    stop: () => {
      clearInterval(ticking);
      clearInterval(offering);
      for (const watcher of world.watchers) watcher.close();
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
  return fake;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const option = (name, otherwise) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : Number(process.argv[at + 1]);
  };
  const fake = await serveFake({ port: option('port', 14_173), agents: option('agents', 24), rate: option('rate', 3) });
  process.stdout.write(`${fake.address}\n`);
}
