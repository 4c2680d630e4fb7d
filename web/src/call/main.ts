// The page behind a link that calls: Teams does not promise to open a softphone's own addresses, so a link leads here, and
// the page opens the softphone. If none opens, the number is there to copy.

import './call.css';
import { phone } from '@/shared/format/phone';
import { localeOf, pickLanguage } from '@/shared/i18n/languages';
import { loadApart } from '@/shared/i18n/apart';
import type { MessageKey } from '@/shared/i18n/catalogue';
import { groundOf, nameOf } from '@/connector/shades';
import { readBrand } from '@/connector/setup';
import { readTarget } from './target';

/** When no softphone has come to the front by then, it is said what to do. Milliseconds. */
const PATIENCE = 2_500;
/** How long the browser may take to copy. Milliseconds. */
const COPYING = 1_000;

/** How long the page waits to learn in whose name it is. Milliseconds. */
const ASKING = 1_500;

const target = readTarget(window.location.hash);
// The number stays neither in the browser's history nor in the address that somebody may pass on.
window.history.replaceState(null, '', window.location.pathname + window.location.search);

const language = pickLanguage(navigator.languages);
const tenant = new URLSearchParams(window.location.search).get('tenant');
const late = new Promise<null>((done) => { window.setTimeout(() => done(null), ASKING); });
const asked = tenant ? readBrand(tenant).catch(() => null) : null;
const [messages, brand] = await Promise.all([loadApart(language), Promise.race([asked, late])]);
const t = (key: MessageKey, number = ''): string => {
  const message = messages[key];
  return (typeof message === 'string' ? message : (message?.other ?? key)).replace('{number}', `\u2068${number}\u2069`);
};

function make<K extends keyof HTMLElementTagNameMap>(tag: K, text: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

document.documentElement.lang = language;
const name = nameOf(brand, language);
document.title = name ?? t('call.title');
const ground = brand ? groundOf(brand.accent) : null;
if (ground) {
  document.documentElement.style.setProperty('--ground', ground);
  document.documentElement.style.setProperty('--on-ground', '#ffffff');
}
const page = document.querySelector('main');
if (page && target === null) {
  page.append(make('h1', t('call.title')), make('p', t('call.no-number')));
} else if (page && target) {
  const shown = phone(target.number, localeOf(language, navigator.languages));
  const number = make('p', shown);
  number.className = 'number';
  const again = make('a', t('call.open'));
  again.href = target.address;
  const copy = make('button', t('call.copy'));
  copy.type = 'button';
  const said = make('p', '');
  said.setAttribute('role', 'status');
  copy.addEventListener('click', () => {
    // Marked, it can be copied by hand too: a browser that asks about a softphone at this moment answers no page.
    window.getSelection()?.selectAllChildren(number);
    const late = new Promise<never>((_, fail) => { window.setTimeout(fail, COPYING); });
    Promise.race([navigator.clipboard.writeText(target.number), late]).then(
      () => { said.textContent = t('call.copied'); },
      () => { said.textContent = t('call.copy-yourself'); },
    );
  });
  // In the heading the number stands on one line.
  page.append(make('h1', t('call.calling', shown.replaceAll(' ', '\u00a0'))), number, again, copy, said);
  // Whether a softphone opened cannot be asked. A page that is no longer in front is the only sign of it.
  let opened = false;
  const away = () => { opened = true; };
  window.addEventListener('blur', away, { once: true });
  document.addEventListener('visibilitychange', away, { once: true });
  window.setTimeout(() => {
    if (!opened) said.textContent = t('call.nothing-opened');
  }, PATIENCE);
  window.location.assign(target.address);
}
if (page && brand) {
  const link = (address: string, text: string) => {
    const a = make('a', text);
    // Other addresses are no pages.
    if (!/^https:\/\//.test(address)) return [];
    a.href = address;
    a.rel = 'noreferrer';
    return [a];
  };
  const foot = make('footer', '');
  const own = [make('span', brand.company), ...link(brand.privacy, t('connector.privacy')), ...link(brand.terms, t('connector.terms'))];
  foot.append(...own);
  const offered = make('p', name ?? brand.name);
  offered.className = 'brand';
  page.prepend(offered);
  page.append(foot);
}
