// The user's language: messages, and everything that is written in the user's manner.

import { createContext, Fragment, use, useMemo, type ReactNode } from 'react';
import type { MessageKey } from './catalogue';
import type { Messages } from './load';
import { localeOf, type Language } from './languages';
import { choose, cut, fill, type Value } from './message';
import { decimal, percent, whole } from '@/shared/format/number';
import { phone } from '@/shared/format/phone';
import { exact, length, moment } from '@/shared/format/time';

export type { MessageKey } from './catalogue';
export type Values = Readonly<Record<string, Value>>;

export interface I18n {
  language: Language;
  /** For dates and numbers: `de-CH`. */
  locale: string;
  /** A message with its values. */
  t: (key: MessageKey, values?: Values) => string;
  /** The message of a word that comes from the API, as `states.talking`; the word itself if there is none. */
  word: (topic: 'words' | 'moments' | 'refusals', word: string, values?: Values) => string | undefined;
  /** A message whose values are parts of a page: names that stand isolated, links. */
  rich: (key: MessageKey, values: Readonly<Record<string, ReactNode>>) => ReactNode;
  /** Whole number. */
  n: (value: number) => string;
  percent: (share: number | null | undefined, digits?: number) => string;
  decimal: (value: number | null | undefined, digits?: number) => string;
  /** A length of time in words; a dash for none. */
  length: (ms: number | null | undefined) => string;
  /** A moment: time of day, with its day if that is not today. */
  moment: (at: string | null | undefined) => string;
  /** A time of day to the second. */
  exact: (at: string) => string;
  phone: (number: string) => string;
}

export function makeI18n(language: Language, messages: Messages, wanted: readonly string[]): I18n {
  const locale = localeOf(language, wanted);
  const rules = new Intl.PluralRules(language);
  const n = (value: number) => whole(value, locale);
  const text = (key: string, values: Readonly<Record<string, unknown>>) => {
    const message = messages[key];
    return message === undefined ? undefined : choose(message, rules, values.count);
  };
  return {
    language,
    locale,
    t: (key, values = {}) => fill(text(key, values) ?? key, values, n),
    word: (topic, word, values = {}) => {
      const found = text(`${topic}.${word}`, values);
      return found === undefined ? undefined : fill(found, values, n);
    },
    rich: (key, values) =>
      cut(text(key, values) ?? key).map((part, place) => {
        const value = place % 2 === 0 ? part : values[part];
        return <Fragment key={place}>{typeof value === 'number' ? n(value) : value}</Fragment>;
      }),
    n,
    percent: (share, digits) => percent(share, locale, digits),
    decimal: (value, digits) => decimal(value, locale, digits),
    length: (ms) => (ms == null ? '–' : length(ms, locale)),
    moment: (at) => (at ? moment(new Date(at), Date.now(), locale) : '–'),
    exact: (at) => exact(new Date(at), locale),
    phone: (number) => phone(number, locale),
  };
}

const Context = createContext<I18n | null>(null);

export function I18nProvider(props: { language: Language; messages: Messages; children: ReactNode }) {
  const { language, messages } = props;
  const value = useMemo(() => makeI18n(language, messages, navigator.languages), [language, messages]);
  return <Context value={value}>{props.children}</Context>;
}

export function useI18n(): I18n {
  const value = use(Context);
  if (!value) throw new Error('I18nProvider is missing');
  return value;
}
