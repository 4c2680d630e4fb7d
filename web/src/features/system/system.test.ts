import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FarEndStatus, Permission, TrunkStatus } from './api';
import { readCertificate, reportOf } from './certificates';
import { askedBy, healthOf, meaningOf, meaningOfCode } from './health';
import { byFeature, consentOf, countPermissions, isGranted, surplusOf } from './permissions';
import { teamsMeaning } from './teamsCodes';

const end = (up: boolean, said: number | null = 200): FarEndStatus => ({ host: 'sip.example.com', up, said, refuses: false, for_seconds: 5, history: [] });
const trunk = (far_ends: FarEndStatus[], registered: boolean | null = null): TrunkStatus => ({ trunk: 't', calls: 0, far_ends, registered, answers: [], teams: false });

describe('the health of a trunk', () => {
  it('is that of its far ends and of its registration', () => {
    expect(healthOf(trunk([end(true), end(true)]))).toBe('healthy');
    expect(healthOf(trunk([end(true), end(false, 503)]))).toBe('partly');
    expect(healthOf(trunk([end(false, 408)], true))).toBe('down');
    expect(healthOf(trunk([end(true)], false))).toBe('partly');
    expect(healthOf(trunk([], false))).toBe('down');
    expect(healthOf(trunk([], true))).toBe('healthy');
    expect(healthOf(trunk([]))).toBe('incoming');
  });

  it('says whether Teams asks us', () => {
    const asked = (teams: boolean, ago: number | null) => askedBy({ teams, asked_us_seconds_ago: ago });
    expect([asked(true, null), asked(true, 0), asked(true, 300), asked(true, 301)]).toEqual(['unasked', 'asked', 'asked', 'silent']);
    expect([asked(false, null), asked(false, 5)]).toEqual([null, null]);
  });

  it('has words for what a far end said', () => {
    expect(meaningOf(end(true))).toBe('system.do-nothing');
    expect(meaningOf(end(true, null))).toBe('system.do-unasked');
    expect(meaningOf(end(false, 408))).toBe('system.do-timeout');
    expect(meaningOf(end(false, 403))).toBe('system.do-forbidden');
    expect(meaningOf({ ...end(true, 403), refuses: true })).toBe('system.do-forbidden');
    expect(healthOf(trunk([{ ...end(true, 403), refuses: true }]))).toBe('down');
    expect(meaningOf({ ...end(false, 503), unreached: 'tls' })).toBe('system.do-tls');
    expect(meaningOf({ ...end(false, null), unreached: 'name-unknown' })).toBe('system.do-name-unknown');
    expect(meaningOf({ ...end(true), unreached: 'refused' })).toBe('system.do-nothing');
    expect(meaningOf({ ...end(true, 403), refuses: true, unreached: 'refused' })).toBe('system.do-forbidden');
    expect([401, 404, 503, 500, 302, null].map(meaningOfCode)).toEqual(
      ['auth', 'not-found', 'busy', 'fault', 'other', 'unasked'].map((word) => `system.do-${word}`),
    );
  });
});

describe('what Teams answers', () => {
  it('has words for each code that the server knows', () => {
    // The server's own list, so that a code added there is missed here.
    const source = readFileSync(join(import.meta.dirname, '../../../../crates/server/src/teams_codes.rs'), 'utf8');
    const table = source.slice(source.indexOf('const SUB_CODES'), source.indexOf('];', source.indexOf('const SUB_CODES')));
    const codes = [...table.matchAll(/\(\s*([\d_]+),\s*"/g)].map((m) => Number(m[1]?.replaceAll('_', '')));
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((sub) => teamsMeaning(499, sub) === null)).toEqual([]);
    expect(teamsMeaning(404, null)).toBe('system.teams-511404');
    expect(teamsMeaning(484, null)).toBe('system.teams-510412');
    expect(teamsMeaning(408, 0)).toBe('system.teams-408-0');
    expect(teamsMeaning(408, 123_456)).toBe('system.teams-408-0');
    expect(teamsMeaning(408, null)).toBe('system.teams-408');
    expect(teamsMeaning(403, 510_999)).toBe('system.teams-403');
    expect(teamsMeaning(486, 560_486)).toBe('system.teams-ours');
    expect(teamsMeaning(606, 77)).toBe('system.teams-488');
    expect(teamsMeaning(499, null)).toBeNull();
  });
});

describe('certificates', () => {
  it('are read from what the server says of them', () => {
    expect(readCertificate('sip.tls_cert: CN=a,O=b, for a.example, *.b.example, until 2027-03-01 (100 days), usages server and client; signed by CN=r,O=x, which is not in the file')).toEqual({
      file: 'sip.tls_cert', subject: 'CN=a,O=b', names: ['a.example', '*.b.example'], until: '2027-03-01', days: 100, usage: 'system.usage-both', outside: 'CN=r,O=x',
    });
    expect(readCertificate('sip.tls_cert: CN=a, until 2020-03-01 (-5 days), for any usage')).toMatchObject({ names: [], days: -5, usage: 'system.usage-any', outside: null });
    for (const line of ['', 'sip.tls_cert: the certificate of CN=a ended on 2020-01-01', 'this server has no certificate of its own']) expect(readCertificate(line)).toBeNull();
    const paper = (result: string, ...found: string[]) => ({ checks: [{ check: 'certificates', result, found }] });
    expect(reportOf(paper('as it should be', 'this server has no certificate of its own'))).toEqual({ good: true, certificates: [], said: [] });
    expect(reportOf(paper('not as it should be', 'x'))).toEqual({ good: false, certificates: [], said: ['x'] });
    expect(reportOf({ checks: [] }).good).toBeNull();
  });
});

describe('permissions', () => {
  const row = (feature: string, permission: string | null): Permission => ({
    feature, permission, registration: 'background', type: 'application', operations: [], fields: [], stored: [], reason: '',
  });

  it('stand by feature, and are counted once', () => {
    const rows = [row('a', 'User.Read.All'), row('b', 'User.Read.All'), row('a', 'Presence.Read.All'), row('c', null)];
    expect(byFeature(rows).map(([f, r]) => [f, r.length])).toEqual([['a', 2], ['b', 1], ['c', 1]]);
    expect(countPermissions(rows)).toBe(2);
  });

  it('are granted, missing or too much where that is known', () => {
    const app = (missing: string[] | null, surplus: string[] | null, id: string | null = 'id') => ({ name: 'background', app: id, consent: null, missing, surplus });
    const connection = { directory: 'd', features: [], registrations: [app(['User.Read.All'], ['Directory.Read.All'])] };
    expect(isGranted(row('a', 'User.Read.All'), connection)).toBe(false);
    expect(isGranted(row('a', 'Presence.Read.All'), connection)).toBe(true);
    expect([isGranted(row('a', null), connection), isGranted(row('a', 'x'), null)]).toEqual([null, null]);
    expect(isGranted(row('a', 'x'), { ...connection, registrations: [app(null, null)] })).toBeNull();
    expect(isGranted({ ...row('a', 'x'), granted: true }, null)).toBe(true);
    expect(surplusOf(connection)).toEqual(['Directory.Read.All']);
    expect([app(['x'], null), app([], []), app(null, null), app(null, null, null)].map(consentOf)).toEqual(['missing', 'granted', 'unknown', 'no-app']);
  });
});
