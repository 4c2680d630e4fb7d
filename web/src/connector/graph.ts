// Microsoft Graph, asked by the user's own client with the user's own rights: who is in a conversation, and their numbers.
// Nothing of it passes our server.

import type { Place } from './host';
import { NoToken, type Tokens } from './tokens';

export interface Member {
  /** Object id in the directory. */
  id: string;
  name: string;
  /** The directory that the member belongs to. */
  directory: string | null;
}

export interface Numbers {
  business: readonly string[];
  mobile: string | null;
  /** By which Teams calls the person. */
  address: string | null;
}

/** The most members that are listed. */
export const MOST_MEMBERS = 5_000;
/** Pages that are followed at most. */
const MOST_PAGES = 200;
/** Users that one batch reads: Graph takes no more. */
export const BATCH = 20;
/** How often a request is tried that Graph has no time for. */
const TRIES = 4;
/** The longest pause that Graph may ask for and is still waited. Seconds. */
const LONGEST_PAUSE = 30;

const USERS = 'User.Read.All';

/** What the list of members needs. */
export function scopeOf(place: Place): string {
  if (place.kind === 'chat') return 'ChatMember.Read';
  return place.kind === 'channel' ? 'ChannelMember.Read.All' : 'TeamMember.Read.All';
}

function pathOf(place: Place): string | null {
  const part = encodeURIComponent;
  if (place.kind === 'chat') return `/v1.0/chats/${part(place.chat)}/members`;
  if (place.kind === 'channel') return `/v1.0/teams/${part(place.team)}/channels/${part(place.channel)}/members`;
  return place.kind === 'team' ? `/v1.0/teams/${part(place.team)}/members?$top=999` : null;
}

/** The claims that Conditional Access demands, out of a reply's header. */
export function claimsOf(header: string | null): string | null {
  const found = /claims="([A-Za-z0-9+/=_-]{1,4000})"/.exec(header ?? '')?.[1];
  if (!found || !/insufficient_claims/.test(header ?? '')) return null;
  try {
    return atob(found.replace(/-/g, '+').replace(/_/g, '/'));
  } catch {
    return null;
  }
}

const pause = (ms: number) => new Promise<void>((done) => { window.setTimeout(done, ms); });

/** Asks Graph; a demand of Conditional Access is met once, and a pause that Graph asks for is kept. */
async function ask(tokens: Tokens, scopes: readonly string[], url: string, body?: unknown): Promise<unknown> {
  let claims: string | undefined;
  for (let n = 1; ; n += 1) {
    const token = await tokens(scopes, claims);
    const answer = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => {
      throw new NoToken('failed');
    });
    if (answer.ok) return answer.json();
    const wanted = answer.status === 401 ? claimsOf(answer.headers.get('WWW-Authenticate')) : null;
    if (wanted !== null && claims === undefined) {
      claims = wanted;
      continue;
    }
    if (answer.status === 401 || answer.status === 403) throw new NoToken('refused');
    const seconds = Number(answer.headers.get('Retry-After') ?? 2 ** n);
    const again = [429, 502, 503, 504].includes(answer.status) && n < TRIES && seconds <= LONGEST_PAUSE;
    if (!again) throw new NoToken('failed');
    await pause(Math.max(0, seconds) * 1_000);
  }
}

interface Page {
  value?: { userId?: string | null; displayName?: string | null; tenantId?: string | null }[];
  '@odata.nextLink'?: string;
}

/** Who is in a conversation, by name. `more` is whether there are more than are listed. */
export async function readMembers(graph: string, tokens: Tokens, place: Place): Promise<{ members: Member[]; more: boolean }> {
  const path = pathOf(place);
  if (!path) return { members: [], more: false };
  const found = new Map<string, Member>();
  let next: string | undefined = graph + path;
  for (let n = 0; next && n < MOST_PAGES && found.size < MOST_MEMBERS; n += 1) {
    const page = (await ask(tokens, [`${graph}/${scopeOf(place)}`], next)) as Page;
    for (const m of page.value ?? []) {
      if (m.userId) found.set(m.userId, { id: m.userId, name: m.displayName ?? '', directory: m.tenantId ?? null });
    }
    const link = page['@odata.nextLink'];
    // The token goes to Graph and nowhere else.
    next = link && new URL(link).origin === new URL(graph).origin ? link : undefined;
  }
  const members = [...found.values()].slice(0, MOST_MEMBERS).sort((a, b) => a.name.localeCompare(b.name));
  return { members, more: next !== undefined };
}

interface User {
  id?: string;
  businessPhones?: string[] | null;
  mobilePhone?: string | null;
  userPrincipalName?: string | null;
}

interface Part {
  id?: string;
  status?: number;
  headers?: Record<string, string>;
  body?: User;
}

/** Numbers of some members, at most [`BATCH`]; who is not in the directory has none. Whose could not be read, though Graph was
 * asked again after the pauses that it wants, is left out: that is something else than having no number. */
export async function readNumbers(graph: string, tokens: Tokens, ids: readonly string[]): Promise<Map<string, Numbers>> {
  const select = '$select=id,businessPhones,mobilePhone,userPrincipalName';
  const found = new Map<string, Numbers>();
  let left = ids.slice(0, BATCH);
  for (let n = 1; left.length > 0; n += 1) {
    const requests = left.map((id) => ({ id, method: 'GET', url: `/users/${encodeURIComponent(id)}?${select}` }));
    const answer = (await ask(tokens, [`${graph}/${USERS}`], `${graph}/v1.0/$batch`, { requests })) as { responses?: Part[] };
    const parts = answer.responses ?? [];
    // A batch as a whole is answered also when nothing in it may be read any more.
    if (parts.length > 0 && parts.every((p) => p.status === 401 || p.status === 403)) throw new NoToken('refused');
    let seconds = 0;
    const again = new Set<string>();
    for (const one of parts) {
      if (!one.id) continue;
      if (one.status === 429 || (one.status ?? 0) >= 500) {
        again.add(one.id);
        const wanted = Object.entries(one.headers ?? {}).find(([name]) => name.toLowerCase() === 'retry-after')?.[1];
        seconds = Math.max(seconds, Number(wanted ?? 2 ** n) || 2 ** n);
        continue;
      }
      const user = one.status === 200 ? one.body : undefined;
      found.set(one.id, {
        business: (user?.businessPhones ?? []).filter(Boolean).slice(0, 5),
        mobile: user?.mobilePhone ?? null,
        address: user?.userPrincipalName ?? null,
      });
    }
    left = left.filter((id) => again.has(id));
    if (n >= TRIES || seconds > LONGEST_PAUSE) break;
    if (left.length > 0) await pause(seconds * 1_000);
  }
  return found;
}
