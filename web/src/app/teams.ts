// Inside a Teams tab: its theme and its user's language. The library is loaded only there.

import type { Language } from '@/shared/i18n/languages';
import { pickLanguage } from '@/shared/i18n/languages';

export type TeamsTheme = 'default' | 'dark' | 'contrast';

export interface Host {
  theme: TeamsTheme;
  language: Language | null;
}

/** Whether the page stands in a frame, as it does in a tab. */
export const framed = window.parent !== window;

/** A host that does not answer is none. Milliseconds. */
const PATIENCE = 3_000;

function themeOf(text: string | undefined): TeamsTheme {
  return text === 'dark' || text === 'contrast' ? text : 'default';
}

/** Asks Teams for theme and language, and tells of changes. Null outside Teams. */
export async function joinTeams(changed: (theme: TeamsTheme) => void): Promise<Host | null> {
  if (!framed) return null;
  const { app } = await import('@microsoft/teams-js');
  const late = new Promise<null>((done) => setTimeout(() => done(null), PATIENCE));
  const joined = (async (): Promise<Host | null> => {
    try {
      await app.initialize();
      const context = await app.getContext();
      app.registerOnThemeChangeHandler((theme) => changed(themeOf(theme)));
      app.notifyAppLoaded();
      app.notifySuccess();
      const locale = context.app.locale;
      return { theme: themeOf(context.app.theme), language: locale ? pickLanguage([locale]) : null };
    } catch {
      // Some other frame.
      return null;
    }
  })();
  return Promise.race([joined, late]);
}
