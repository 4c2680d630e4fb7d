import type { Language } from './languages';
import type { Message } from './message';

export type Messages = Readonly<Record<string, Message>>;

type Loaders = Record<Language, () => Promise<{ default: Messages }>>;

const first: Loaders = {
  en: () => import('virtual:messages/en'),
  de: () => import('virtual:messages/de'),
  fr: () => import('virtual:messages/fr'),
  es: () => import('virtual:messages/es'),
  zh: () => import('virtual:messages/zh'),
};

// Of pages that nobody sees first.
const later: Loaders = {
  en: () => import('virtual:messages/en/later'),
  de: () => import('virtual:messages/de/later'),
  fr: () => import('virtual:messages/fr/later'),
  es: () => import('virtual:messages/es/later'),
  zh: () => import('virtual:messages/zh/later'),
};

let all = false;
let loaded: () => void = () => undefined;
const ready = new Promise<void>((done) => {
  loaded = done;
});
const listeners = new Set<() => Promise<void>>();

/** The messages of a language: of the pages seen first, and of the others once one of them was wanted. */
export async function loadMessages(language: Language): Promise<Messages> {
  const parts = await Promise.all([first[language](), ...(all ? [later[language]()] : [])]);
  return Object.assign({}, ...parts.map((part) => part.default)) as Messages;
}

/** Has the messages of all pages loaded; to be waited for by a page that is not seen first. */
export function needAllMessages(): Promise<void> {
  if (!all) {
    all = true;
    for (const load of listeners) void load().then(loaded, loaded);
  }
  return ready;
}

/** Who shows messages loads them again when more are wanted, also if they were before anybody showed any. */
export function onMoreMessages(load: () => Promise<void>): () => void {
  listeners.add(load);
  if (all) void load().then(loaded, loaded);
  return () => listeners.delete(load);
}
