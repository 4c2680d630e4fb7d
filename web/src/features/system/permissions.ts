import type { Connection, Permission } from './api';

/** The lines of each feature, in the order in which the server names the features. */
export function byFeature(rows: readonly Permission[]): [string, Permission[]][] {
  const features = new Map<string, Permission[]>();
  for (const row of rows) features.set(row.feature, [...(features.get(row.feature) ?? []), row]);
  return [...features];
}

/** How many different permissions are asked for. */
export function countPermissions(rows: readonly Permission[]): number {
  return new Set(rows.filter((r) => r.permission).map((r) => `${r.registration}/${r.type}/${r.permission ?? ''}`)).size;
}

/** Whether Microsoft granted what a line asks for; null where that is not known. */
export function isGranted(row: Permission, connection: Connection | null): boolean | null {
  const missing = connection?.registrations.find((r) => r.name === row.registration)?.missing;
  return row.permission && missing ? !missing.includes(row.permission) : null;
}

/** What was granted and is needed by nothing. */
export function surplusOf(connection: Connection | null): string[] {
  return connection?.registrations.flatMap((r) => r.surplus ?? []) ?? [];
}

export type Consent = 'granted' | 'missing' | 'unknown' | 'no-app';

/** How consent to an app registration stands. */
export function consentOf({ app, missing }: Connection['registrations'][number]): Consent {
  if (app === null) return 'no-app';
  if (missing === null) return 'unknown';
  return missing.length === 0 ? 'granted' : 'missing';
}
