// What somebody chose in the tab. It stands in the tab's own browser storage and nowhere else.

export interface Settings {
  /** Id of the way to call; null is the first. */
  way: string | null;
  business: boolean;
  mobile: boolean;
}

const KEY = 'switchroom.connector';
const FIRST: Settings = { way: null, business: true, mobile: true };

export function readSettings(): Settings {
  try {
    const said: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const o = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>;
    return {
      way: typeof o.way === 'string' ? o.way : null,
      business: o.business !== false,
      mobile: o.mobile !== false,
    };
  } catch {
    return FIRST;
  }
}

export function keepSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing for pages inside others: they hold until the tab is closed.
  }
}
