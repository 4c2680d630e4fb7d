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
    at: iso(Date.now()), checks: [tls, backups, rights, components], profile: 'contact-center',
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
  const proof = {
    log,
    heads: [headAt(Math.ceil(entries / 2))],
    /** What an attestation says; a test may change it. */
    change: (paper) => paper,
    answer(method, path, query, body, { may, missing }) {
      switch (`${method} ${path}`) {
        case 'POST /attestation':
          may('auditor', 'supervisor', 'owner');
          return proof.change(attestation(body?.declared));
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
          return missing;
      }
    },
  };
  return proof;
}
