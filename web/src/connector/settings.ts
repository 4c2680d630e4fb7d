// What somebody chose in the tab. It stands in the tab's own browser storage and nowhere else, apart for each tenant and
// person: several organisations, and several people at one computer, may use the same address.

export interface Settings {
  /** Id of the way to call; null is the first. */
  way: string | null;
  business: boolean;
  mobile: boolean;
  /** The person's own line by telephone system, where a password proves it. */
  lines: Readonly<Record<string, string>>;
  /** Line passes by telephone system. */
  passes: Readonly<Record<string, string>>;
  /** Numbers of other phones that ring in place of the usual one, by telephone system. */
  rings: Readonly<Record<string, string>>;
}

const KEY = 'switchroom.connector';

/** Where the settings of one person at one tenant stand. */
export function settingsOf(tenant: string, person: string | undefined): string {
  return [KEY, tenant, person ?? ''].map(encodeURIComponent).join('/');
}
const FIRST: Settings = { way: null, business: true, mobile: true, lines: {}, passes: {}, rings: {} };
/** Telephone systems of which something is kept, and the longest of it. */
const MOST_SYSTEMS = 20;
const LONGEST = 1_600;

function texts(said: unknown): Record<string, string> {
  if (typeof said !== 'object' || said === null) return {};
  const all = Object.entries(said).filter((e): e is [string, string] => typeof e[1] === 'string' && e[1].length <= LONGEST);
  return Object.fromEntries(all.slice(-MOST_SYSTEMS));
}

export function readSettings(place: string): Settings {
  try {
    const said: unknown = JSON.parse(localStorage.getItem(place) ?? '{}');
    const o = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>;
    return {
      way: typeof o.way === 'string' ? o.way : null,
      business: o.business !== false,
      mobile: o.mobile !== false,
      lines: texts(o.lines),
      passes: texts(o.passes),
      rings: texts(o.rings),
    };
  } catch {
    return FIRST;
  }
}

export function keepSettings(place: string, settings: Settings): void {
  try {
    localStorage.setItem(place, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing for pages inside others: they hold until the tab is closed.
  }
}
