import { FluentProvider } from '@fluentui/react-components';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { ApiError } from '@/shared/api/problem';
import { I18nProvider } from '@/shared/i18n';
import { pickLanguage, type Language } from '@/shared/i18n/languages';
import { loadMessages, onMoreMessages, type Messages } from '@/shared/i18n/load';
import { usePreferences } from '@/shared/preferences';
import { useSessionState } from '@/shared/session';
import { receiptIn } from '@/shared/session/closing';
import { router } from './router';
import type { Host, TeamsTheme } from './teams';
import { useTheme, useThemeName, type Drawn } from './theme';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      // Only what may be better next time is tried again.
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
    },
  },
});

// Whoever is signed in already does not wait for it.
const SignIn = lazy(async () => ({ default: (await import('./SignIn')).SignIn }));

// Nobody is signed in to an account that ended.
const Closed = lazy(async () => ({ default: (await import('./Closed')).Closed }));
const receipt = receiptIn(window.location);

/** The code of an invitation in the address; taken out of it, so that it stays in no history. */
function invitationInAddress(): string | null {
  const { pathname, hash } = window.location;
  if (pathname !== '/invitation' || hash.length < 2) return null;
  window.history.replaceState(null, '', '/');
  return hash.slice(1);
}

const invitationAtStart = invitationInAddress();

// As a style and not as a class: classes of the provider go to menus and dialogs too, which would cover the page.
const WHOLE = { height: '100%', overflow: 'hidden' } as const;

interface Spoken {
  language: Language;
  messages: Messages;
}

interface Props {
  host: Host | null;
  first: Spoken & { drawn: Drawn };
  onTeamsTheme: (tell: (theme: TeamsTheme) => void) => () => void;
}

export function App({ host, first, onTeamsTheme }: Props) {
  const { theme: choice, language: wanted } = usePreferences();
  const [teams, setTeams] = useState(host?.theme ?? null);
  useEffect(() => onTeamsTheme(setTeams), [onTeamsTheme]);
  const { name: theme, theme: values } = useTheme(first.drawn, useThemeName(choice, teams));
  const spoken = useSpoken(first, wanted ?? host?.language ?? pickLanguage(navigator.languages));
  const session = useSessionState();
  const [invitation, setInvitation] = useState(invitationAtStart);
  // What one person saw is not shown to the next.
  const user = session.is === 'in' ? `${session.session.user ?? ''}/${session.session.role}` : null;
  useEffect(() => {
    if (user === null) queries.clear();
  }, [user]);
  useEffect(() => {
    document.documentElement.lang = spoken.language;
    document.documentElement.style.colorScheme = theme === 'light' ? 'light' : 'dark';
  }, [spoken.language, theme]);
  return (
    <I18nProvider language={spoken.language} messages={spoken.messages}>
      <FluentProvider theme={values} style={WHOLE}>
        <QueryClientProvider client={queries}>
          {receipt !== null ? (
            <Suspense>
              <Closed receipt={receipt} />
            </Suspense>
          ) : session.is === 'in' && invitation === null ? (
            <RouterProvider router={router} />
          ) : (
            <Suspense>
              <SignIn lost={session.is === 'out' && session.lost} invitation={invitation} takenUp={() => setInvitation(null)} />
            </Suspense>
          )}
        </QueryClientProvider>
      </FluentProvider>
    </I18nProvider>
  );
}

/** The messages of the wanted language; those before until they are here. */
function useSpoken(first: Spoken, wanted: Language): Spoken {
  const [spoken, setSpoken] = useState(first);
  useEffect(() => {
    let gone = false;
    const load = async () => {
      const messages = await loadMessages(wanted);
      if (!gone) setSpoken({ language: wanted, messages });
    };
    if (spoken.language !== wanted) void load();
    const forget = onMoreMessages(load);
    return () => {
      gone = true;
      forget();
    };
  }, [spoken.language, wanted]);
  return spoken;
}
