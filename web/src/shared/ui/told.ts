// What went wrong, for people: in their own language what kind of thing it is, and beside it the server's own sentence.

import { ApiError } from '@/shared/api/problem';
import type { I18n, MessageKey } from '@/shared/i18n';

// Words that the server gives beside its sentence.
const CODES: Readonly<Record<string, MessageKey>> = {
  wrong: 'app.sign-in-wrong',
  'signed-out': 'app.signed-out',
  'slow-down': 'app.sign-in-slow',
  password: 'app.password-unfit',
  csrf: 'app.page-old',
  origin: 'app.page-old',
  microsoft: 'app.microsoft-refused',
  'sign-in': 'app.sign-in-again',
  'sign-in-again': 'app.sign-in-again',
  passkey: 'app.sign-in-wrong',
  'pbx-password': 'app.other-system',
  'pbx-refused': 'app.other-system',
};

const STATUSES: Readonly<Record<number, MessageKey>> = {
  0: 'app.no-server',
  400: 'app.not-right',
  401: 'app.signed-out',
  403: 'app.not-allowed',
  404: 'app.not-there',
  409: 'app.not-now',
  422: 'app.not-right',
  429: 'app.sign-in-slow',
  502: 'app.other-system',
  503: 'app.server-busy',
  507: 'app.server-full',
};

export interface Told {
  text: string;
  /** The server's sentence, in English; null where it says nothing more. */
  detail: string | null;
}

/** An error in the user's language, with the server's own sentence where it has one. */
export function told(error: unknown, t: I18n['t']): Told {
  if (!(error instanceof ApiError)) return { text: t('app.failed'), detail: null };
  const { status, code, detail, problems } = error;
  const known = code !== null && Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  const key = known ?? STATUSES[status] ?? (status >= 500 ? 'app.server-fault' : 'app.failed');
  return { text: t(key), detail: [detail, ...problems].filter(Boolean).join(' ') || null };
}
