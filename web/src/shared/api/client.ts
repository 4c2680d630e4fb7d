// Requests to the API. Types of paths, parameters and answers come from its description.

import createClient from 'openapi-fetch';
import { proof } from './credentials';
import { ApiError } from './problem';
import type { paths } from './schema';

const PREFIX = '/api/v1';

/** After so long without an answer a request is given up, in milliseconds. */
const PATIENCE = 15_000;

let signedOut: (() => void) | null = null;

/** Who is told when the server does not know us any more. */
export function onSignedOut(tell: () => void): void {
  signedOut = tell;
}

/** Asks the person to sign in once more, with the server's sentence; false when they do not want to. */
type StepUp = (detail: string) => Promise<boolean>;

let stepUp: StepUp | null = null;

/** Who asks the person when the server wants to see them sign in lately. */
export function onStepUp(asks: StepUp | null): void {
  stepUp = asks;
}

/** The server's sentence where it wants a person who signed in lately, else null. */
async function wantsSignIn(answer: Response): Promise<string | null> {
  if (answer.status !== 403) return null;
  const said = (await answer.clone().json().catch(() => undefined)) as { code?: unknown; detail?: unknown } | undefined;
  return said?.code === 'sign-in-again' ? String(said.detail ?? '') : null;
}

/** Sends a request; once more when the person had to sign in for it, and did. */
async function send(request: Request, patience = PATIENCE): Promise<Response> {
  // What is sent once cannot be read again.
  const again = request.clone();
  const answer = await sendOnce(request, patience);
  if (stepUp === null) return answer;
  const detail = await wantsSignIn(answer);
  if (detail === null || !(await stepUp(detail))) return answer;
  return sendOnce(again, patience);
}

async function sendOnce(request: Request, patience: number): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(proof(request.method))) headers.set(name, value);
  let answer: Response;
  try {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(patience)]);
    answer = await fetch(new Request(request, { headers, credentials: 'same-origin' }), { signal });
  } catch (e) {
    // Whoever asked has lost interest: that is no failure.
    if (request.signal.aborted) throw e;
    throw new ApiError(0, '');
  }
  // That somebody could not sign in says nothing of the session that there is.
  const signsIn = request.method === 'POST' && new URL(request.url).pathname.startsWith(`${PREFIX}/session`);
  if (answer.status === 401 && !signsIn) signedOut?.();
  return answer;
}

export const api = createClient<paths>({ baseUrl: '', fetch: (request) => send(request) });

async function failure(answer: Response, said: unknown): Promise<ApiError> {
  const problem = said as { detail?: unknown; problems?: unknown; code?: unknown } | undefined;
  const detail = typeof problem?.detail === 'string' ? problem.detail : answer.statusText;
  const problems = Array.isArray(problem?.problems) ? problem.problems.map(String) : [];
  return new ApiError(answer.status, detail, problems, typeof problem?.code === 'string' ? problem.code : null);
}

/** The answer of a request, or its problem thrown. */
export async function need<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await request;
  if (!response.ok) throw await failure(response, error);
  return data as T;
}

interface Options {
  body?: unknown;
  query?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  /** After so long without an answer the request is given up, in milliseconds. */
  patience?: number;
}

const parsed = (text: string): unknown => {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
};

/** The text of an answer, as it came. */
export async function askText(method: string, path: string, options: Options = {}): Promise<string> {
  const query = options.query ? `?${new URLSearchParams(options.query).toString()}` : '';
  const request = new Request(`${PREFIX}${path}${query}`, {
    method,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.body === undefined
      ? {}
      : { body: JSON.stringify(options.body), headers: { 'Content-Type': 'application/json' } }),
  });
  const answer = await send(request, options.patience);
  const text = await answer.text();
  if (!answer.ok) throw await failure(answer, parsed(text));
  return text;
}

/**
 * A request whose path is not in our copy of the description: parts of a server that not every server has. The caller
 * says what it expects, and copes with a 404.
 */
export async function ask<T>(method: string, path: string, options: Options = {}): Promise<T> {
  return parsed(await askText(method, path, options)) as T;
}

/** Bytes of an answer, for audio. */
export async function bytes(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  const answer = await send(new Request(`${PREFIX}${path}`, signal ? { signal } : {}));
  if (!answer.ok) throw await failure(answer, await answer.json().catch(() => undefined));
  return answer.arrayBuffer();
}
