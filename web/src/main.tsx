import { createRoot } from 'react-dom/client';
import { App } from '@/app/App';
import { joinTeams, type TeamsTheme } from '@/app/teams';
import { loadTheme, themeName } from '@/app/theme';
import { loadMessages } from '@/shared/i18n/load';
import { pickLanguage } from '@/shared/i18n/languages';
import { preferences } from '@/shared/preferences';
import { findSession } from '@/shared/session';

const teamsThemes = new Set<(theme: TeamsTheme) => void>();

async function start(): Promise<void> {
  const root = document.getElementById('root');
  if (!root) return;
  // A server that does not answer shows on the page of its own accord.
  const session = findSession().catch(() => undefined);
  const host = await joinTeams((theme) => {
    for (const tell of teamsThemes) tell(theme);
  });
  const language = preferences().language ?? host?.language ?? pickLanguage(navigator.languages);
  const theme = themeName(preferences().theme, host?.theme ?? null);
  const [messages, drawn] = await Promise.all([loadMessages(language), loadTheme(theme), session]);
  createRoot(root).render(
    <App
      host={host}
      first={{ language, messages, drawn }}
      onTeamsTheme={(tell) => {
        teamsThemes.add(tell);
        return () => teamsThemes.delete(tell);
      }}
    />,
  );
}

void start();
