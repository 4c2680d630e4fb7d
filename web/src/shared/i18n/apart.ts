// The messages of pages that stand alone.

import type { Language } from './languages';
import type { Messages } from './load';

const loaders: Record<Language, () => Promise<{ default: Messages }>> = {
  en: () => import('virtual:messages/en/apart'),
  de: () => import('virtual:messages/de/apart'),
  fr: () => import('virtual:messages/fr/apart'),
  es: () => import('virtual:messages/es/apart'),
  zh: () => import('virtual:messages/zh/apart'),
};

export async function loadApart(language: Language): Promise<Messages> {
  return (await loaders[language]()).default;
}
