/** What the API said was wrong: a status and a sentence for people. Status 0 is no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly problems: readonly string[] = [],
    /** A word for programs, where the status alone does not say enough. */
    readonly code: string | null = null,
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

/** Whether the thing asked for is not there, or not for us: reasons to hide it rather than to complain. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ApiError && [403, 404, 405, 501].includes(error.status);
}
