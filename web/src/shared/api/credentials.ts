// How this page proves who asks: by the session's cookie, or by a token that somebody pasted. The cookie is out of reach
// for scripts; what a script holds is the value that unsafe requests repeat, so that other sites cannot make them.

export type Credentials =
  | { readonly way: 'none' }
  | { readonly way: 'token'; readonly token: string }
  | { readonly way: 'cookie'; readonly csrf: string };

// A pasted token outlives a reload, but not the tab.
const KEY = 'switchroom.token';

function remembered(): Credentials {
  try {
    const token = sessionStorage.getItem(KEY);
    if (token) return { way: 'token', token };
  } catch {
    // No storage: the token is asked for again after a reload.
  }
  return { way: 'none' };
}

let current: Credentials = remembered();

export function credentials(): Credentials {
  return current;
}

export function setCredentials(next: Credentials): void {
  current = next;
  try {
    if (next.way === 'token') sessionStorage.setItem(KEY, next.token);
    else sessionStorage.removeItem(KEY);
  } catch {
    // See above.
  }
}

const SAFE = new Set(['GET', 'HEAD']);

/** Headers of a request. */
export function proof(method: string): Record<string, string> {
  if (current.way === 'token') return { Authorization: `Bearer ${current.token}` };
  if (current.way === 'cookie' && !SAFE.has(method.toUpperCase())) return { 'X-CSRF-Token': current.csrf };
  return {};
}
