// Tokens by nested app authentication: the Teams client signs in, and MSAL.js asks it. Nothing is kept beyond this page.

import type { Setup } from './setup';

/** A token for these scopes; `claims` is what Conditional Access demanded of the one before. */
export type Tokens = (scopes: readonly string[], claims?: string) => Promise<string>;

/** Why there is no token. */
export class NoToken extends Error {
  constructor(
    /** `unavailable`: this client signs in for no app; `refused`: the person or a rule said no; `failed`: for now. */
    readonly why: 'unavailable' | 'refused' | 'failed',
  ) {
    super(why);
  }
}

export async function tokensOf(setup: Setup, loginHint: string | undefined): Promise<Tokens> {
  if (!setup.app) throw new NoToken('unavailable');
  const msal = await import('@azure/msal-browser');
  const authority = `${setup.login}/${setup.directory ?? 'organizations'}`;
  const app = await msal
    .createNestablePublicClientApplication({
      // CP1: what Conditional Access demands in the middle of a token's life is understood (`claims` below).
      auth: { clientId: setup.app, authority, knownAuthorities: [new URL(setup.login).host], clientCapabilities: ['CP1'] },
      cache: { cacheLocation: msal.BrowserCacheLocation.MemoryStorage },
    })
    .catch(() => {
      throw new NoToken('unavailable');
    });
  const hint = loginHint ? { loginHint } : {};
  return async (scopes, claims) => {
    const request = { scopes: [...scopes], ...hint, ...(claims ? { claims } : {}) };
    try {
      return (await app.acquireTokenSilent(request)).accessToken;
    } catch (silent) {
      if (!(silent instanceof msal.InteractionRequiredAuthError)) throw new NoToken('failed');
    }
    try {
      // The client asks the person: for consent, or for what Conditional Access wants.
      return (await app.acquireTokenPopup(request)).accessToken;
    } catch {
      throw new NoToken('refused');
    }
  };
}
