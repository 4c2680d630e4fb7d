import { describe, expect, it } from 'vitest';
import type { FarEndStatus, Permission, TrunkStatus } from './api';
import { healthOf, meaningOf, meaningOfCode } from './health';
import { byFeature, consentOf, countPermissions, isGranted, surplusOf } from './permissions';

const end = (up: boolean, said: number | null = 200): FarEndStatus => ({ host: 'sip.example.com', up, said, for_seconds: 5 });
const trunk = (far_ends: FarEndStatus[], registered: boolean | null = null): TrunkStatus => ({ trunk: 't', calls: 0, far_ends, registered });

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

  it('has words for what a far end said', () => {
    expect(meaningOf(end(true))).toBe('system.do-nothing');
    expect(meaningOf(end(true, null))).toBe('system.do-unasked');
    expect(meaningOf(end(false, 408))).toBe('system.do-timeout');
    expect(meaningOf(end(false, 403))).toBe('system.do-forbidden');
    expect([401, 404, 503, 500, 302, null].map(meaningOfCode)).toEqual(
      ['auth', 'not-found', 'busy', 'fault', 'other', 'unasked'].map((word) => `system.do-${word}`),
    );
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
    const connection = { directory: 'd', registrations: [app(['User.Read.All'], ['Directory.Read.All'])] };
    expect(isGranted(row('a', 'User.Read.All'), connection)).toBe(false);
    expect(isGranted(row('a', 'Presence.Read.All'), connection)).toBe(true);
    expect([isGranted(row('a', null), connection), isGranted(row('a', 'x'), null)]).toEqual([null, null]);
    expect(isGranted(row('a', 'x'), { ...connection, registrations: [app(null, null)] })).toBeNull();
    expect(surplusOf(connection)).toEqual(['Directory.Read.All']);
    expect([app(['x'], null), app([], []), app(null, null), app(null, null, null)].map(consentOf)).toEqual(['missing', 'granted', 'unknown', 'no-app']);
  });
});
