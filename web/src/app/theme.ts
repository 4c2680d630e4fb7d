import type { Theme } from '@fluentui/react-components';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ThemeChoice } from '@/shared/preferences';
import type { TeamsTheme } from './teams';

export type ThemeName = 'light' | 'dark' | 'contrast';

// One of them is loaded with the page, the others when they are chosen.
const LOADERS: Record<ThemeName, () => Promise<{ theme: Theme }>> = {
  light: () => import('./themes/light'),
  dark: () => import('./themes/dark'),
  contrast: () => import('./themes/contrast'),
};

export interface Drawn {
  name: ThemeName;
  theme: Theme;
}

export async function loadTheme(name: ThemeName): Promise<Drawn> {
  return { name, theme: (await LOADERS[name]()).theme };
}

/** The theme that is drawn: the one before until the wanted one is here. */
export function useTheme(first: Drawn, wanted: ThemeName): Drawn {
  const [drawn, setDrawn] = useState(first);
  useEffect(() => {
    let gone = false;
    if (drawn.name !== wanted) {
      void loadTheme(wanted).then((next) => {
        if (!gone) setDrawn(next);
      });
    }
    return () => {
      gone = true;
    };
  }, [drawn.name, wanted]);
  return drawn;
}

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const contrast = window.matchMedia('(prefers-contrast: more), (forced-colors: active)');

function subscribe(listener: () => void): () => void {
  for (const query of [dark, contrast]) query.addEventListener('change', listener);
  return () => {
    for (const query of [dark, contrast]) query.removeEventListener('change', listener);
  };
}

function ofSystem(): ThemeName {
  if (contrast.matches) return 'contrast';
  return dark.matches ? 'dark' : 'light';
}

const OF_TEAMS: Record<TeamsTheme, ThemeName> = { default: 'light', dark: 'dark', contrast: 'contrast' };

/** The theme to draw: what the person chose, else Teams, else the system. */
export function themeName(choice: ThemeChoice, teams: TeamsTheme | null, system = ofSystem()): ThemeName {
  if (choice !== 'system') return choice;
  return teams ? OF_TEAMS[teams] : system;
}

export function useThemeName(choice: ThemeChoice, teams: TeamsTheme | null): ThemeName {
  return themeName(choice, teams, useSyncExternalStore(subscribe, ofSystem));
}
