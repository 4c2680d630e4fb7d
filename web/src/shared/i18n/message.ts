// Messages: a text with names in braces, or one text for each plural form of `count`.

import { clean } from '@/shared/format/text';

/** A text, or texts by the plural forms of the language (`one`, `few`, `other`, …). */
export type Message = string | { readonly other: string; readonly [form: string]: string };

export type Value = string | number;

/** Cuts a text at its names in braces: texts at even places, names at odd ones. */
export function cut(text: string): string[] {
  return text.split(/\{(\w+)\}/);
}

/** The text of a message for a count. */
export function choose(message: Message, rules: Intl.PluralRules, count: unknown): string {
  if (typeof message === 'string') return message;
  const form = typeof count === 'number' ? rules.select(count) : 'other';
  return message[form] ?? message.other;
}

/**
 * Puts values in. Texts come from people we do not know: each stands isolated, so that the direction of its letters does
 * not turn the sentence around, and without control characters.
 */
export function fill(text: string, values: Readonly<Record<string, Value>>, number: (n: number) => string): string {
  return cut(text)
    .map((part, place) => {
      if (place % 2 === 0) return part;
      const value = values[part];
      if (value === undefined) return `{${part}}`;
      return typeof value === 'number' ? number(value) : `\u2068${clean(value)}\u2069`;
    })
    .join('');
}
