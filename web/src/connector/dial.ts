// Calling a number: by the softphone on this computer, or by the server, which rings one's own phone first. Whichever it is,
// the server is asked first: it knows which numbers are called.

import type { I18n } from '@/shared/i18n';
import { openPage } from './host';
import type { LinePass } from './line';
import type { Setup, Way } from './setup';
import { NoToken, type Tokens } from './tokens';

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

/** What the server answered; what it refuses is thrown. */
async function answered<T>(answer: Response): Promise<T> {
  const body = (await answer.json().catch(() => ({}))) as T & { detail?: string; code?: string };
  if (!answer.ok) throw new Refused(body.detail ?? String(answer.status), body.code ?? null);
  return body;
}

async function said(answer: Response): Promise<Begun> {
  const body = await answered<Partial<Begun>>(answer);
  return { correlation: body.correlation ?? null, progress: body.progress ?? 'asked', reason: body.reason ?? null, open: body.open ?? null };
}

/** The head of a request that says who asks. */
async function headOf(scope: string, tokens: Tokens | null): Promise<Record<string, string>> {
  if (!tokens) throw new NoToken('unavailable');
  return { Authorization: `Bearer ${await tokens([scope])}`, 'Content-Type': 'application/json' };
}

/** Gives the number to the softphone on this computer, if the server says that it may be called. */
export async function byAddress(tenant: string, setup: Setup, tokens: Tokens | null, way: Way, number: string): Promise<void> {
  // Where people sign in, it counts what this one may; where nobody does, what the organisation calls.
  const asked = setup.scope
    ? fetch('/api/v1/dial', { method: 'POST', headers: await headOf(setup.scope, tokens), body: JSON.stringify({ to: number, correlation: crypto.randomUUID(), through: way.id }) })
    : fetch(`/api/v1/connector/${encodeURIComponent(tenant)}/softphone-link`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ to: number, through: way.id }) });
  const { open } = await said(await asked);
  if (!open) throw new Refused('', null);
  await openPage(open);
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

/** Which line a pass is for, as far as its person needs it to know it again. */
export interface PassLine {
  /** The last signs of the line. */
  ending: string;
  /** When the pass was made (RFC 3339). */
  made: string;
}

async function asks<T>(setup: Setup, tokens: Tokens, path: string, body: unknown): Promise<T> {
  if (!setup.scope) throw new NoToken('unavailable');
  const headers = await headOf(setup.scope, tokens);
  return answered<T>(await fetch(`/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
}

/** Asks what the person's class of service allows there. Refused, or no token, where that cannot be known. */
export const lookMay = (setup: Setup, tokens: Tokens, way: Way, proof: Proof): Promise<May> =>
  asks(setup, tokens, '/dial/may', { through: way.id, ...proof });

/** Asks which line a pass is for. Refused where it counts for nobody, or for somebody else. */
export const lookPass = (setup: Setup, tokens: Tokens, { pbx, pass }: LinePass): Promise<PassLine> =>
  asks(setup, tokens, '/dial/pass', { through: pbx, line_pass: pass });

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
  const head = () => headOf(scope, tokens);
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
