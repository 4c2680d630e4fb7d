// What the real server can prove, made up: an attestation, and an audit log that is chained and signed as the real one is,
// so that the page's own sums are tried.

import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const DAY = 86_400_000;
const iso = (ms) => new Date(ms).toISOString();

const u64 = (n) => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(n));
  return out;
};
const measured = (...parts) => Buffer.concat(parts.flatMap((p) => [u64(p.length), p]));

function digestOf(before, e) {
  const said = Buffer.concat([
    Buffer.from('switchroom audit entry 1\0'), u64(e.entry), u64(e.at_ms), u64(e.person),
    measured(Buffer.from(before, 'hex'), Buffer.from(e.who), Buffer.from(e.action), Buffer.from(e.object), Buffer.from(e.sealed, 'hex')),
  ]);
  return createHash('sha256').update(said).digest('hex');
}

const DONE = [
  ['user omar', 'session.begin', 'User/omar', null], ['user sofia', 'recording.listen', 'Recording/r100082', null], ['user ada', 'person.find', 'Person/p12', '+49 30 1234567'],
  ['user omar', 'configuration.set', 'Queue/sales', null], ['token 3', 'report.export', 'Report/queues', null], ['nobody', 'session.refuse', 'User', null],
  ['user sofia', 'call.listen', 'Call/c100082', null], ['retention', 'retention.dispose', 'Retention/all', null], ['user ada', 'something.new', 'Thing/\u202e<b>x</b>', null],
];

const check = (name, result, found, at = iso(Date.now() - 60_000)) => ({
  check: name, against: 'the listeners of this server', at: result === 'not run' ? null : at, result, found, version: '0.1.0', digest: createHash('sha256').update(found.join('\n')).digest('hex'),
});

function attestation(declared) {
  const tls = check('tls', 'as it should be', ['http.listen (127.0.0.1:8080) is plain HTTP and reached from this machine alone']);
  const backups = check('backups', 'not as it should be', ['this server knows of no backup of its data']);
  const rights = check('rights', 'as it should be', ['the person was found by number, through the keyed hash']);
  const components = check('components', 'cannot be said', ['612 packages are built in']);
  const answer = (id, page, question, by, value, evidence, more = {}) => ({ id, page, question, answer: value, by, evidence, ...more });
  const of = (id, page, question, evidence) => answer(id, page, question, declared?.[id] === undefined ? 'open' : 'declared', declared?.[id] ?? null, evidence);
  return {
    answers: [
      of('GEN01', 'General', 'App name', []),
      answer('GEN17', 'General', 'Does the app contain AI functions?', 'software', 'no', [components]),
      answer('DHP_G04', 'Data handling', 'Which data is collected or processed?', 'software', Array.from({ length: 9 }, (_, n) => `calls.field_${n}`), [check('stored-fields', 'as it should be', [])]),
      answer('DHP_G16', 'Data handling', 'Is transport protected by TLS 1.2 or newer?', 'software', 'yes', [tls, check('certificates', 'not run', [])]),
      { ...of('SEC26', 'Security', 'Is there a plan for disaster recovery, with backup and restore?', [backups]), ...(declared?.SEC26 === 'yes' ? { disagreement: 'The operator\'s file says "yes"; the program\'s checks say "no".' } : {}) },
      of('SEC28', 'Security', 'Is there a penetration test each year?', []),
      answer('PRV10', 'Privacy', 'Can personal data be deleted on request?', 'software', 'yes', [rights]),
      answer('X_BOT_EUII', 'Further questions', "Does a bot or message extension read members' names and addresses; are they stored?", 'software', { used: 'yes', stored: 'no' }, [check('canary', 'as it should be', ['<img src=x onerror=alert(1)> was found nowhere'])]),
      answer('X_TELEMETRY', 'Further questions', 'Does personal or organisational data appear in telemetry or logs?', 'open', null, [check('canary', 'not run', [])]),
    ],
    at: iso(Date.now()),
    checks: [tls, backups, rights, components, check('certificates', 'not as it should be', [
      'sip.tls_cert: CN=sbc.example.com, for sbc.example.com, *.voice.example.com, until 2027-03-01 (100 days), usage server only',
      'sip.tls_cert: CN=Example Issuing CA,O=Example, until 2031-01-01 (1502 days), for any usage; signed by CN=Example Root, which is not in the file',
      'http.tls_cert: CN=calls.example.com, for calls.example.com, until 2026-11-01 (-20 days), usages server and client',
      'http.tls_cert: the certificate of CN=calls.example.com ended on 2026-11-01',
    ])], profile: 'contact-center',
    signature: { algorithm: 'Ed25519', key: 'ab'.repeat(32), value: 'cd'.repeat(64) }, tenant: 'demo', version: '0.1.0',
  };
}

/** The part of the made-up server that answers for proof. `entries` is how long its audit log is. */
export function proofOf({ entries = 640 } = {}) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const began = Date.now() - 3 * DAY;
  const log = [];
  for (let n = 1; n <= entries; n += 1) {
    const [who, action, object, detail] = DONE[n % DONE.length];
    const at = began + Math.floor((n * 3 * DAY) / (entries + 1));
    const entry = { entry: n, at: iso(at), at_ms: at, who, action, object, person: detail ? 12 : 0, sealed: detail ? 'beef' : '', digest: '' };
    entry.digest = digestOf(log[n - 2]?.digest ?? '', entry);
    log.push({ ...entry, detail });
  }
  const headAt = (n) => {
    const { digest } = log[n - 1];
    const at = Date.now() - 1_000;
    const said = Buffer.concat([Buffer.from('switchroom audit head 1\0'), u64(n), u64(at), measured(Buffer.from(digest, 'hex'), Buffer.from('demo'))]);
    return { head: n, tenant: 'demo', at: iso(at), at_ms: at, digest, key, signature: sign(null, said, privateKey).toString('hex') };
  };
  const people = [
    { id: 'p12', kept_as: 'caller', address: '+49301234567', names: ['Erika Example', '<img src=x onerror=alert(1)>\u202egnp'], calls: 3, restricted: false, objected: false, holds: [], user: null },
    { id: 'p13', kept_as: 'caller', address: '+49309999999', names: [], calls: 1, restricted: true, objected: true, holds: ['h1'], user: 'agent1' },
    { id: 'directory-4', kept_as: 'directory', address: '+49307654321', names: ['Dora Directory'], calls: 0, restricted: false, objected: false, holds: [], user: null },
  ];
  const kept = (id) =>
    Array.from({ length: people.find((p) => p.id === id)?.calls ?? 0 }, (_, n) => ({
      call: `c${99_990 - n}`, number: 'n100', queue: 'sales', agent: 'agent1', outcome: 'answered', answered: null, ended_by: 'caller', reason: 'hung-up', waited_ms: 12_000, talked_ms: 78_000,
      dispositions: [{ agent: 'agent1', disposition: 'sold' }], own: n < 2, began: iso(Date.now() - (n + 1) * DAY), ended: iso(Date.now() - (n + 1) * DAY + 90_000), notes: n === 0 ? 'wants a refund' : null, recordings: n < 2 ? [`r${99_990 - n}`] : [],
    }));
  const noted = [];
  const proof = {
    log,
    people,
    /** What was noted of people since the start, as the audit log does. */
    noted,
    holds: [{ id: 'h1', keeps: 'person p13', reason: 'lawsuit 7 C 12/26', who: 'user ada', at: iso(began) }],
    retention: {
      due: { audio: { class: 'recording', calls: 12, rows: 0, held: 1, next_due: iso(Date.now() + DAY) }, 'calls-30': { class: 'call', calls: 0, rows: 0, held: 0, next_due: null } },
      runs: [{ at: iso(began + DAY), ended: null, report: { audio: { calls: 4, held: 1, recordings: 4, people: 1 } } }],
    },
    backups: {
      scheduled: true,
      next: iso(Date.now() + DAY / 2),
      failed: { of: 'backup', at: iso(Date.now() - DAY / 24) },
      items: [
        { number: 1, increment: 41, at: iso(Date.now() - DAY), took_ms: 12_000, bytes: 812_400_000, rehearsed: iso(Date.now() - 3 * DAY), rehearsed_ms: 47_000 },
        { number: 2, increment: 1, at: iso(began), took_ms: 900, bytes: 2_000_000, rehearsed: null, rehearsed_ms: null },
      ],
    },
    /** The end of the account, once it was asked for. */
    closing: null,
    heads: [headAt(Math.ceil(entries / 2))],
    /** The newest attestation. */
    newest: null,
    /** What an attestation says; a test may change it. */
    change: (paper) => paper,
    answer(method, path, query, body, { may, missing }) {
      switch (`${method} ${path}`) {
        case 'GET /attestation':
          may('auditor', 'supervisor', 'owner');
          return { running: true, check: 'canary', done: 1, of: 20 };
        case 'GET /attestation/newest':
          may('auditor', 'supervisor', 'owner');
          return proof.newest ?? missing;
        case 'POST /attestation':
          may('auditor', 'supervisor', 'owner');
          proof.newest = proof.change(attestation(body?.declared));
          return proof.newest;
        case 'GET /backups':
          may('auditor', 'supervisor', 'owner');
          return proof.backups;
        case 'GET /audit': {
          may('auditor', 'supervisor', 'owner');
          const [who, action, object] = ['who', 'action', 'object'].map((k) => query.get(k));
          const [from, to, before] = [Date.parse(query.get('from') ?? '') || 0, Date.parse(query.get('to') ?? '') || Infinity, Number(query.get('cursor')?.slice(1) ?? Infinity)];
          const limit = Number(query.get('limit') ?? 100);
          const fits = (e) => e.entry < before && e.at_ms >= from && e.at_ms < to && (!who || e.who === who) && (!action || e.action.startsWith(action)) && (!object || e.object === object);
          const page = [...log].reverse().filter(fits).slice(0, limit);
          const items = page.map((e) => ({ id: `e${e.entry}`, at: e.at, who: e.who, action: e.action, object: e.object, detail: e.detail, digest: e.digest }));
          return { items, next: page.length === limit ? items.at(-1).id : null };
        }
        case 'GET /audit/chain': {
          may('auditor', 'supervisor', 'owner');
          const rest = log.slice(Number(query.get('after') ?? 0));
          const page = rest.slice(0, 500).map(({ detail: _, ...line }) => line);
          const next = page.length === 500 ? page.at(-1).entry : null;
          return { tenant: 'demo', key, entries: page, next, heads: next === null ? proof.heads : [] };
        }
        case 'POST /audit/heads':
          may('auditor', 'supervisor', 'owner');
          proof.heads.push(headAt(log.length));
          return proof.heads.at(-1);
        default:
          return proof.person(method, path, query, body, { may, missing });
      }
    },
    person(method, path, query, body, { may, missing }) {
      const [, first, id] = path.split('/');
      if (!['people', 'holds', 'retention'].includes(first)) return missing;
      if (first === 'retention' && id === 'status') {
        may('auditor', 'supervisor', 'owner');
        return proof.retention;
      }
      if (first === 'retention') {
        may('owner');
        const report = Object.fromEntries(Object.entries(proof.retention.due).map(([rule, d]) => [rule, { calls: d.calls, held: d.held, recordings: d.calls, people: 0 }]));
        for (const due of Object.values(proof.retention.due)) due.calls = 0;
        proof.retention.runs.unshift({ at: iso(Date.now()), ended: iso(Date.now()), report });
        return report;
      }
      may('auditor', 'owner');
      const person = people.find((p) => p.id === id);
      switch (`${method} /${first}`) {
        case 'POST /people': {
          noted.push('find');
          const words = body.name?.toLowerCase().split(/\W+/).filter(Boolean) ?? [];
          if (words.length > 0) return people.filter((p) => p.names.some((name) => words.every((w) => name.toLowerCase().split(/\W+/).includes(w))));
          const number = body.number?.replace(/[\s()./-]/g, '').replace(/^0(?!0)/, '+49');
          return people.filter((p) => p.address === number);
        }
        case 'GET /people':
          if (path.endsWith('/archive')) {
            noted.push(`archive ${id} ${query.get('language')}`);
            return { archive: id };
          }
          noted.push(`export ${id}`);
          return person
            ? { person, calls: kept(id), entered: [{ id: 'local-1', name: 'Erika at work', mail: '', business: ['+49301234567'], mobile: null, corrected: [] }], directory: [], users: [] }
            : missing;
        case 'PATCH /people':
          noted.push(`change ${id} ${JSON.stringify(body, (_, v) => v ?? undefined)}`);
          if (body.name != null) person.names = [body.name];
          for (const mark of ['restricted', 'objected']) if (body[mark] != null) person[mark] = body[mark];
          return person;
        case 'DELETE /people': {
          if (person.holds.length > 0) {
            const holds = proof.holds.filter((h) => person.holds.includes(h.id));
            return { calls: 0, recordings: 0, notes: 0, kept_by: person.holds, kept: { holds, calls: 3, recordings: 2, notes: 1 }, user: person.user, hidden: false, entered: 0, remains: [], backups_pending: 0, took_ms: 0 };
          }
          noted.push(`erase ${id} ${query.get('reason')}`);
          if (person.kept_as === 'directory') {
            const remains = [{ in: 'directory', id, say: '' }, { in: 'list', id: 'vip', say: '' }];
            return { calls: 0, recordings: 0, notes: 0, kept_by: [], kept: null, user: null, hidden: true, entered: 0, remains, backups_pending: 0, took_ms: 3 };
          }
          people.splice(people.indexOf(person), 1);
          return { calls: 3, recordings: 2, notes: 1, kept_by: [], kept: null, user: person.user, hidden: false, entered: 0, remains: [], backups_pending: 1, took_ms: 140 };
        }
        case 'GET /holds':
          return proof.holds;
        case 'POST /holds': {
          const made = `h${proof.holds.length + 7}`;
          const [[kind, what]] = Object.entries(body).filter(([k]) => k !== 'reason');
          if (kind === 'person') people.find((p) => p.id === what).holds.push(made);
          proof.holds.push({ id: made, keeps: `${kind} ${what}`, reason: body.reason, who: 'user ada', at: iso(Date.now()) });
          return { id: made };
        }
        case 'DELETE /holds':
          proof.holds = proof.holds.filter((h) => h.id !== id);
          for (const p of people) p.holds = p.holds.filter((h) => h !== id);
          return null;
        default:
          return missing;
      }
    },
  };
  return proof;
}
