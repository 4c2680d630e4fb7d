// What the link to this page says: the scheme of a softphone and a number, both behind the `#`, which no server sees.

export interface Target {
  /** Digits, after a + or not. */
  number: string;
  /** What the softphone opens: `maxuccall:+4942155599`. */
  address: string;
}

/** Schemes that do something else than call, or that run what stands behind them; the server refuses the same ones. */
const NEVER = new Set([
  'about', 'blob', 'chrome', 'data', 'file', 'filesystem', 'ftp', 'http', 'https', 'intent', 'javascript', 'jar', 'mailto',
  'ms-appinstaller', 'ms-msdt', 'resource', 'search-ms', 'vbscript', 'view-source', 'ws', 'wss',
]);

/** Reads the part of an address behind the `#`. Null for anything that is no number or no softphone. */
export function readTarget(fragment: string): Target | null {
  const said = new URLSearchParams(fragment.replace(/^#/, ''));
  const [scheme, number] = [said.get('scheme') ?? 'tel', said.get('number') ?? ''];
  // Service codes (*21#) are no numbers: a telephone would obey them.
  if (!/^[a-z][a-z0-9+.-]{1,39}$/.test(scheme) || NEVER.has(scheme) || !/^\+?[0-9]{2,20}$/.test(number)) return null;
  return { number, address: `${scheme}:${number}` };
}
