// The end of an account: it is asked for by an owner, and looked at with its receipt, for nobody is signed in from then on.

import { api, ask, need } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';

type Schemas = components['schemas'];
export type Closing = Schemas['ClosingView'];

/** Where the end of an account is looked at; its receipt stands behind it. */
const PLACE = '/closed';

/** How long the answer may take, in milliseconds: calls for help are let end first, and nothing else has the receipt. */
const PATIENCE = 120_000;

/** Ends the account of this tenant. Gives where that is looked at. Without days, those of its rule count. */
export async function endAccount(tenant: string, days: number | null): Promise<string> {
  const { receipt } = await ask<{ receipt: string }>('POST', '/closing', { body: { tenant, days }, patience: PATIENCE });
  return `${PLACE}#${receipt}`;
}

/** The receipt in the address; null where there is none. It stays there, so that the page can be kept. */
export function receiptIn({ pathname, hash }: { pathname: string; hash: string }): string | null {
  return pathname === PLACE && hash.length > 1 ? hash.slice(1) : null;
}

const by = (receipt: string) => ({ headers: { Authorization: `Bearer ${receipt}` } });

/** How far the end of an account is. */
export const closingOf = (receipt: string): Promise<Closing> => need(api.GET('/api/v1/closing', by(receipt)));

/** Takes the end of an account back. */
export const takeBack = (receipt: string): Promise<unknown> => need(api.DELETE('/api/v1/closing', by(receipt)));
