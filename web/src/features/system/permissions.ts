import type { Permission } from './api';

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
