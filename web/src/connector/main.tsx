// The tab in Teams: who is in this conversation, with their numbers, and a call by one click. It stands alone, beside the
// app, so that neither makes the other heavier.

import { FluentProvider } from '@fluentui/react-components';
import { StrictMode, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { loadApart } from '@/shared/i18n/apart';
import { pickLanguage } from '@/shared/i18n/languages';
import { makeI18n, type I18n } from '@/shared/i18n';
import { nameOf, themeOf } from './brand';
import { joinTeams, type Host, type ThemeName } from './host';
import { readSetup, type Setup } from './setup';
import { Tab } from './Tab';

let tell: (theme: ThemeName) => void = () => undefined;
const tenant = new URLSearchParams(window.location.search).get('tenant') ?? '';
const asked = readSetup(tenant).catch(() => null);
const [host, setup] = await Promise.all([joinTeams(asked.then((s) => (s ? [s.teams, ...s.hosts] : [])), (theme) => tell(theme)), asked]);
const wanted = host ? [host.locale, ...navigator.languages] : navigator.languages;
const language = pickLanguage(wanted);
const i18n = makeI18n(language, await loadApart(language), wanted);
document.documentElement.lang = language;
document.title = nameOf(setup?.brand ?? null, language) ?? i18n.t('connector.title');

function Page({ host, setup, i18n }: { host: Host | null; setup: Setup | null; i18n: I18n }) {
  const [theme, setTheme] = useState<ThemeName>(host?.theme ?? 'default');
  useEffect(() => {
    tell = setTheme;
    document.documentElement.style.colorScheme = theme === 'default' ? 'light' : 'dark';
  }, [theme]);
  const look = useMemo(() => themeOf(theme, setup?.brand ?? null), [theme, setup]);
  return (
    <FluentProvider theme={look} style={{ minHeight: '100%' }}>
      <Tab tenant={tenant} host={host} setup={setup} i18n={i18n} />
    </FluentProvider>
  );
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Page host={host} setup={setup} i18n={i18n} />
    </StrictMode>,
  );
}
