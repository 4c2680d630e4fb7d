// Teams around the tab: where the tab stands, and what Teams can do for it.

import { app, call, nestedAppAuth } from '@microsoft/teams-js';

export type ThemeName = 'default' | 'dark' | 'contrast';

/** The conversation that the tab stands in. */
export type Place =
  | { kind: 'chat'; chat: string }
  | { kind: 'channel'; team: string; channel: string }
  | { kind: 'team'; team: string }
  | { kind: 'personal' };

export interface Host {
  place: Place;
  theme: ThemeName;
  locale: string;
  loginHint: string | undefined;
  directory: string | undefined;
  /** Object id of whoever sits here, who is not called. */
  me: string | undefined;
  /** What the link that opened the tab carries. */
  brought: string | undefined;
  /** Whether the client signs in for apps inside it. */
  signsIn: boolean;
}

/** A host that does not answer is none. Milliseconds. */
const PATIENCE = 5_000;

const themeOf = (text: string): ThemeName => (text === 'dark' || text === 'contrast' ? text : 'default');

function placeOf(context: app.Context): Place {
  const chat = context.chat?.id;
  const team = context.team?.groupId;
  const channel = context.channel?.id;
  if (team && channel) return { kind: 'channel', team, channel };
  if (team) return { kind: 'team', team };
  return chat ? { kind: 'chat', chat } : { kind: 'personal' };
}

/** The person whose button was pressed on the bot's card: the page opens with that one alone. */
export function personIn(hash: string): string | null {
  return /^#person=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(hash)?.[1] ?? null;
}

/** Joins Teams, or one of those pages in its place; null outside of both. */
export async function joinTeams(hosts: Promise<string[]>, changed: (theme: ThemeName) => void): Promise<Host | null> {
  if (window.parent === window) return null;
  const late = new Promise<null>((done) => {
    window.setTimeout(() => done(null), PATIENCE);
  });
  const joined = (async (): Promise<Host | null> => {
    try {
      await app.initialize(await hosts);
      const context = await app.getContext();
      app.registerOnThemeChangeHandler((theme) => changed(themeOf(theme)));
      app.notifyAppLoaded();
      app.notifySuccess();
      return {
        place: placeOf(context),
        theme: themeOf(context.app.theme),
        locale: context.app.locale,
        loginHint: context.user?.loginHint,
        directory: context.user?.tenant?.id,
        me: context.user?.id,
        brought: context.page.subPageId,
        signsIn: nestedAppAuth.isNAAChannelRecommended(),
      };
    } catch {
      return null;
    }
  })();
  return Promise.race([joined, late]);
}

/** Calls a Teams user by Teams itself: at once where the client can, by a link into Teams of this cloud otherwise. */
export async function callInTeams(teams: string, address: string): Promise<void> {
  if (call.isSupported()) {
    await call.startCall({ targets: [address], requestedModalities: [call.CallModalities.Audio], source: 'switchroom' });
    return;
  }
  await app.openLink(`${teams}/l/call/0/0?users=${encodeURIComponent(address)}`);
}

/** Opens a page of ours in the browser. */
export async function openPage(address: string): Promise<void> {
  await app.openLink(address);
}
