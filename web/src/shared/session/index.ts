// Who is signed in. The server says so; the page only remembers it while it is open.

import { useSyncExternalStore } from 'react';
import { ask, onSignedOut } from '@/shared/api/client';
import { credentials, setCredentials } from '@/shared/api/credentials';
import { ApiError } from '@/shared/api/problem';

export type Role = 'auditor' | 'agent' | 'supervisor' | 'owner';

export interface Session {
  /** Id of the user; null for a token that belongs to nobody. */
  user: string | null;
  name: string;
  role: Role;
  /** Id of the agent that this person acts as; null if none. */
  agent: string | null;
  /** Whether the page was signed in by a pasted token, where the person says who acts. */
  byToken: boolean;
  /** Whether signing in needs a code too. */
  secondFactor: boolean;
}

export type SessionState =
  | { is: 'unknown' }
  | { is: 'out'; lost: boolean }
  | { is: 'in'; session: Session };

/** What the server says of a session. */
interface SessionView {
  user?: string | null;
  name?: string;
  role?: string;
  agent_id?: string | null;
  csrf?: string;
  second_factor?: boolean;
}

let state: SessionState = { is: 'unknown' };
const listeners = new Set<() => void>();

function become(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

export function sessionState(): SessionState {
  return state;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSessionState(): SessionState {
  return useSyncExternalStore(subscribe, sessionState);
}

/** The session of somebody who is signed in; only below the page that makes sure of it. */
export function useSession(): Session {
  const now = useSessionState();
  if (now.is !== 'in') throw new Error('nobody is signed in');
  return now.session;
}

const RANK: Readonly<Record<Role, number>> = { auditor: 0, agent: 0, supervisor: 1, owner: 2 };

/** Whether a role may do what another may. Auditors look, agents act for themselves: neither is above the other. */
export function atLeast(role: Role, needed: Role): boolean {
  return role === needed || RANK[role] > RANK[needed];
}

function roleOf(text: string | undefined): Role {
  return text === 'owner' || text === 'supervisor' || text === 'agent' ? text : 'auditor';
}

const AGENT_KEY = 'switchroom.agent';

function chosenAgent(): string | null {
  try {
    return sessionStorage.getItem(AGENT_KEY);
  } catch {
    return null;
  }
}

/** With a token that belongs to nobody: the person says as whom they act. */
export function actAs(agent: string | null): void {
  if (state.is !== 'in') return;
  try {
    if (agent) sessionStorage.setItem(AGENT_KEY, agent);
    else sessionStorage.removeItem(AGENT_KEY);
  } catch {
    // Then it lasts until the next reload.
  }
  become({ is: 'in', session: { ...state.session, agent } });
}

function take(view: SessionView): void {
  const byToken = credentials().way === 'token';
  if (!byToken) setCredentials({ way: 'cookie', csrf: view.csrf ?? '' });
  const session: Session = {
    user: view.user ?? null,
    name: view.name ?? view.user ?? '',
    role: roleOf(view.role),
    agent: view.agent_id ?? (byToken ? chosenAgent() : null),
    byToken,
    secondFactor: view.second_factor === true,
  };
  become({ is: 'in', session });
}

async function answers(path: string): Promise<boolean> {
  try {
    await ask('GET', path);
    return true;
  } catch (e) {
    if (e instanceof ApiError && e.status === 403) return false;
    throw e;
  }
}

/** What a token may do, where the server does not say: by asking for what needs each role. */
async function probe(): Promise<SessionView> {
  const supervisor = await answers('/messages?limit=1');
  if (!supervisor) {
    await ask('GET', '/queues');
    return { role: 'auditor' };
  }
  // Asks for a retry of nothing: an owner learns that it is not there, others that they may not.
  const owner = await ask('POST', '/webhooks/dead/none/retry')
    .then(() => true)
    .catch((e: unknown) => e instanceof ApiError && e.status === 404);
  return { role: owner ? 'owner' : 'supervisor' };
}

/** Asks the server who we are; also when the live connection was ended because the server says that we are nobody. */
export async function findSession(): Promise<void> {
  try {
    take(await ask<SessionView>('GET', '/session'));
    return;
  } catch (e) {
    if (e instanceof ApiError && e.status === 401) {
      setCredentials({ way: 'none' });
      become({ is: 'out', lost: false });
      return;
    }
    if (!(e instanceof ApiError) || ![403, 404].includes(e.status)) throw e;
  }
  // A token is nobody's session.
  if (credentials().way !== 'token') {
    become({ is: 'out', lost: false });
    return;
  }
  try {
    take(await probe());
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 401) throw e;
    setCredentials({ way: 'none' });
    become({ is: 'out', lost: false });
  }
}

export async function signInWithToken(token: string): Promise<void> {
  setCredentials({ way: 'token', token: token.replace(/^Bearer\s+/i, '').trim() });
  await findSession();
  if (state.is === 'out') throw new ApiError(401, '');
}

export interface Account {
  tenant?: string;
  user: string;
  password: string;
  totp?: string;
}

export async function signIn(account: Account): Promise<void> {
  setCredentials({ way: 'none' });
  take(await ask<SessionView>('POST', '/session', { body: account }));
}

/** Chooses a password with the code of an invitation, and is signed in; whoever has a second factor signs in with it then. */
export async function takeUpInvitation(code: string, password: string): Promise<void> {
  setCredentials({ way: 'none' });
  const view = await ask<SessionView | undefined>('POST', '/invitation', { body: { code, password } });
  if (view) take(view);
  else become({ is: 'out', lost: false });
}

/** Another password. All other sessions of this person end. */
export async function changePassword(password: string, next: string): Promise<void> {
  take(await ask<SessionView>('PUT', '/session/password', { body: { password, new_password: next } }));
}

/** The secret of a second factor, for an app that makes codes. */
export interface SecondFactor {
  secret: string;
  uri: string;
}

export function proposeSecondFactor(password: string): Promise<SecondFactor> {
  return ask('POST', '/session/second-factor', { body: { password } });
}

/** Puts the second factor in force, with a code that the app made. */
export async function confirmSecondFactor(totp: string): Promise<void> {
  await ask('PUT', '/session/second-factor', { body: { totp } });
  await findSession();
}

/** A made-up person of a demonstration. */
export interface Persona {
  id: string;
  name: string;
  role: Role;
}

export async function personas(): Promise<Persona[]> {
  try {
    const found = await ask<{ persona: string; name: string }[]>('GET', '/demo/personas');
    return found.map((p) => ({ id: p.persona, name: p.name, role: roleOf(p.persona) }));
  } catch {
    // Only a demonstration has them.
    return [];
  }
}

/** How people can sign in at this server. */
export interface Ways {
  microsoft: boolean;
}

export async function ways(): Promise<Ways> {
  try {
    return await ask<Ways>('GET', '/session/ways');
  } catch {
    return { microsoft: false };
  }
}

/** Where the browser goes to sign in with a Microsoft work account; it comes back to `to`. */
export function microsoftAddress(to: string): string {
  return `/api/v1/session/microsoft?to=${encodeURIComponent(to)}`;
}

export async function signInAs(persona: string): Promise<void> {
  setCredentials({ way: 'none' });
  take(await ask<SessionView>('POST', '/demo/session', { body: { persona } }));
}

export async function signOut(): Promise<void> {
  try {
    if (credentials().way === 'cookie') await ask('DELETE', '/session');
  } finally {
    setCredentials({ way: 'none' });
    actAs(null);
    become({ is: 'out', lost: false });
  }
}

onSignedOut(() => {
  // A call goes on without a session: only this page has to ask again who sits before it.
  if (state.is === 'in') become({ is: 'out', lost: true });
});
