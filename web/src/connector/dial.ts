// Calling a number: by the softphone on this computer, or by the server, which rings one's own phone first.

import type { I18n } from '@/shared/i18n';
import { openPage } from './host';
import type { Setup, Way } from './setup';
import type { Tokens } from './tokens';

export interface Begun {
  correlation: string | null;
  progress: string;
  reason: string | null;
  open: string | null;
}

/** A refusal: the server's own sentence, and its word for why. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string | null,
  ) {
    super(message);
  }
}

/** Why nobody is called, in the reader's language where the server's word for it is known, else in the server's sentence. */
export function refusalIn(i18n: Pick<I18n, 'word'>, refused: Refused): string | null {
  const known = refused.code === null ? undefined : i18n.word('refusals', refused.code);
  return known ?? (refused.message || null);
}

/** How often the server is asked how far a call is. Milliseconds. */
const LOOK = 1_000;
/** Looks one after the other that may fail, before a call is followed no longer. */
const MOST_FAILED = 5;

/** A number as softphones and the server take it: digits, after a + or not. Null for what is none. */
export function plain(number: string): string | null {
  const text = number.replace(/^tel:/i, '').replace(/[\s().\-/\u00a0\u202f\u2011]/g, '');
  return /^\+?[0-9]{2,20}$/.test(text) ? text : null;
}

async function said(answer: Response): Promise<Begun> {
  const body = (await answer.json().catch(() => ({}))) as Partial<Begun> & { detail?: string; code?: string };
  if (!answer.ok) throw new Refused(body.detail ?? String(answer.status), body.code ?? null);
  return { correlation: body.correlation ?? null, progress: body.progress ?? 'asked', reason: body.reason ?? null, open: body.open ?? null };
}

/** Gives the number to the softphone on this computer. */
export async function byAddress(scheme: string, number: string): Promise<void> {
  // The page is in the name and colours of the same tenant as this one.
  const tenant = new URLSearchParams(window.location.search).get('tenant') ?? '';
  await openPage(`${window.location.origin}/call?tenant=${encodeURIComponent(tenant)}#scheme=${encodeURIComponent(scheme)}&number=${encodeURIComponent(number)}`);
}

/** What goes with a call so that the person's own line is known and proven; all of it for this call only. */
export interface Proof {
  password: string | null;
  line: string | null;
  line_pass: string | null;
}

/** What a telephone system allows the person. */
export interface May {
  click: boolean;
  other_phone: boolean;
}

/** Asks what the person's class of service allows there. Null where that cannot be known now. */
export async function lookMay(setup: Setup, tokens: Tokens, way: Way, proof: Proof): Promise<May | null> {
  const scope = setup.scope;
  if (!scope || way.id === null) return null;
  try {
    const headers = { Authorization: `Bearer ${await tokens([scope])}`, 'Content-Type': 'application/json' };
    const answer = await fetch('/api/v1/dial/may', { method: 'POST', headers, body: JSON.stringify({ through: way.id, ...proof }) });
    return answer.ok ? ((await answer.json()) as May) : null;
  } catch {
    return null;
  }
}

/** Has the server call, and tells how far it is until it is over. Gives the way to hang up. */
export async function byServer(
  setup: Setup,
  tokens: Tokens,
  way: Way,
  number: string,
  proof: Proof,
  ring: string | null,
  tell: (begun: Begun) => void,
): Promise<() => Promise<void>> {
  const scope = setup.scope;
  if (!scope) throw new Refused('', null);
  const head = async () => ({ Authorization: `Bearer ${await tokens([scope])}`, 'Content-Type': 'application/json' });
  // The same click twice is one call: the server knows it by this.
  const correlation = crypto.randomUUID();
  const body = JSON.stringify({ to: number, correlation, through: way.id, ...proof, ...(ring ? { ring } : {}) });
  let begun = await said(await fetch('/api/v1/dial', { method: 'POST', headers: await head(), body }));
  tell(begun);
  const path = `/api/v1/dial/${correlation}`;
  const follow = async () => {
    let failed = 0;
    while (begun.progress !== 'over' && begun.progress !== 'handed-over') {
      await new Promise<void>((done) => { window.setTimeout(done, LOOK); });
      try {
        begun = await said(await fetch(path, { headers: await head() }));
        failed = 0;
      } catch {
        failed += 1;
        // No end of the call: it is only not known any more how far it is.
        if (failed === MOST_FAILED) begun = { ...begun, progress: 'handed-over' };
      }
      if (failed === 0 || failed === MOST_FAILED) tell(begun);
    }
  };
  void follow();
  return async () => {
    await fetch(path, { method: 'DELETE', headers: await head() });
  };
}
