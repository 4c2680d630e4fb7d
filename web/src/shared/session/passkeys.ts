// Passkeys (WebAuthn): made and used by the browser, kept and checked by the server. Bytes travel as Base64 for addresses.

import { ask } from '@/shared/api/client';
import { setCredentials } from '@/shared/api/credentials';
import { take, type SessionView } from './index';

interface Challenge {
  challenge: string;
  rp_id: string;
  timeout: number;
}

interface NewChallenge extends Challenge {
  account: string;
  user: string;
  name: string;
  algorithms: number[];
  known: string[];
}

export interface Passkey {
  id: string;
  name: string;
  created: string;
  used: string | null;
}

/** Why there are no passkeys here: the page came by an IP address, or neither by HTTPS nor from this machine, or the browser has none. */
export type Hindrance = 'address' | 'insecure' | 'browser';

// A name never ends in a label of digits only (RFC 3696 section 2); IPv6 stands in brackets.
const isAddress = (host: string) => host.startsWith('[') || /(^|\.)\d+$/.test(host);

/** What stands in the way of passkeys, which belong to the name of a server; null if nothing does. */
export function passkeyHindrance(): Hindrance | null {
  if (!window.isSecureContext) return 'insecure';
  if (isAddress(window.location.hostname)) return 'address';
  return typeof PublicKeyCredential === 'function' ? null : 'browser';
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** The person closed the browser's question, or let it be: nothing is wrong. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError');
}

export async function signInWithPasskey(): Promise<void> {
  setCredentials({ way: 'none' });
  const asked = await ask<Challenge>('POST', '/session/passkey/challenge');
  const got = (await navigator.credentials.get({
    publicKey: { challenge: bytes(asked.challenge), rpId: asked.rp_id, timeout: asked.timeout, userVerification: 'required' },
  })) as PublicKeyCredential | null;
  if (!got) throw new DOMException('nothing chosen', 'NotAllowedError');
  const said = got.response as AuthenticatorAssertionResponse;
  const body = {
    credential: text(got.rawId),
    client_data: text(said.clientDataJSON),
    authenticator_data: text(said.authenticatorData),
    signature: text(said.signature),
  };
  take(await ask<SessionView>('POST', '/session/passkey', { body }));
}

export function passkeys(signal?: AbortSignal): Promise<Passkey[]> {
  return ask('GET', '/session/passkeys', signal ? { signal } : {});
}

export async function addPasskey(password: string, name: string): Promise<void> {
  const asked = await ask<NewChallenge>('POST', '/session/passkeys/challenge', { body: { password } });
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: bytes(asked.challenge),
      rp: { id: asked.rp_id, name: 'Switchroom' },
      user: { id: bytes(asked.account), name: asked.user, displayName: asked.name || asked.user },
      pubKeyCredParams: asked.algorithms.map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: asked.known.map((id) => ({ type: 'public-key', id: bytes(id) })),
      // It is found without a name being typed, and asks for a PIN, a finger or a face.
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      attestation: 'none',
      timeout: asked.timeout,
    },
  })) as PublicKeyCredential | null;
  if (!made) throw new DOMException('nothing made', 'NotAllowedError');
  const said = made.response as AuthenticatorAttestationResponse;
  const key = said.getPublicKey();
  if (!key) throw new DOMException('a kind of key that the browser does not know', 'NotSupportedError');
  await ask('POST', '/session/passkeys', {
    body: {
      name,
      client_data: text(said.clientDataJSON),
      authenticator_data: text(said.getAuthenticatorData()),
      public_key: text(key),
      algorithm: said.getPublicKeyAlgorithm(),
    },
  });
}

export async function renamePasskey(id: string, name: string): Promise<void> {
  await ask('PUT', `/session/passkeys/${encodeURIComponent(id)}`, { body: { name } });
}

export async function removePasskey(id: string): Promise<void> {
  await ask('DELETE', `/session/passkeys/${encodeURIComponent(id)}`);
}
