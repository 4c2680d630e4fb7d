// What the server says to the tab before anybody is known: where to sign in, and which ways of calling there are.

export interface Way {
  id: string | null;
  name: string;
  kind: string;
  server_dial: boolean;
  scheme: string | null;
  wants_password: boolean;
  /** Written to that system's documents, and not tried against a real one. */
  untried: boolean;
  /** Another phone than the usual one can ring, if the person's class of service there lets it. */
  other_phone: boolean;
  /** How the person's own line there becomes known: `known`, `typed` or `pass`. */
  line: string;
}

/** What the organisation's app is called and looks like. */
export interface Brand {
  name: string;
  /** By language. */
  names: Record<string, string>;
  company: string;
  /** As `#0b5cad`. */
  accent: string;
  privacy: string;
  terms: string;
}

export interface Setup {
  /** The app registration of the tab; null where there is none. */
  app: string | null;
  /** The scope of a token for this server; null where no call goes through it. */
  scope: string | null;
  /** Entra ID, as `https://login.microsoftonline.com`. */
  login: string;
  /** Microsoft Graph, as `https://graph.microsoft.com`. */
  graph: string;
  /** Teams of the organisation's cloud, as `https://teams.microsoft.com`. */
  teams: string;
  /** Pages beside those of Teams that may show the tab. */
  hosts: string[];
  /** The organisation's directory. */
  directory: string | null;
  /** The kinds of conversations whose members are listed. */
  places: string[];
  ways: Way[];
  /** Null where nothing is said of it. */
  brand: Brand | null;
}

export async function readSetup(tenant: string): Promise<Setup | null> {
  const answer = await fetch(`/api/v1/connector/${encodeURIComponent(tenant)}`, { headers: { Accept: 'application/json' } });
  return answer.ok ? ((await answer.json()) as Setup) : null;
}

/** In whose name the page is that opens a softphone; also where the organisation has no tab. */
export async function readBrand(tenant: string): Promise<Brand | null> {
  const answer = await fetch(`/api/v1/brand/${encodeURIComponent(tenant)}`, { headers: { Accept: 'application/json' } });
  return answer.ok ? ((await answer.json()) as Brand) : null;
}
