import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messagesOf } from '../../../build/messages';
import { makeI18n } from '.';
import { LANGUAGES, localeOf, pickLanguage } from './languages';
import { choose, cut, type Message } from './message';

const SRC = join(import.meta.dirname, '../..');
const CATALOGUE = join(import.meta.dirname, 'catalogue');
const topics = readdirSync(CATALOGUE).map((f) => f.replace('.json', ''));
const languages = Object.keys(LANGUAGES);

const all = topics.flatMap((topic) => {
  const text = readFileSync(join(CATALOGUE, `${topic}.json`), 'utf8');
  const entries = JSON.parse(text) as Record<string, Record<string, Message>>;
  return Object.entries(entries).map(([name, texts]) => ({ key: `${topic}.${name}`, texts }));
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.') ? [readFileSync(path, 'utf8')] : [];
  });
}

const forms = (message: Message) => (typeof message === 'string' ? [message] : Object.values(message));
const placeholders = (text: string) => cut(text).filter((_, n) => n % 2 === 1).sort();

describe('the catalogue', () => {
  it.each(all)('$key is there in every language, with the same values', ({ texts }) => {
    expect(Object.keys(texts).sort()).toEqual([...languages].sort());
    const wanted = new Set(forms(texts.en ?? '').flatMap(placeholders));
    for (const language of languages) {
      const message = texts[language] ?? '';
      for (const text of forms(message)) {
        expect(text.trim()).not.toBe('');
        expect(wanted.has('count') || typeof message === 'string', `${language}: only a count has plural forms`).toBe(true);
      }
      expect(new Set(forms(message).flatMap(placeholders))).toEqual(wanted);
      if (typeof message !== 'string') {
        const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories.filter((c) => c !== 'many');
        expect(Object.keys(message), `${language}: forms of the plural`).toEqual(expect.arrayContaining(needed));
      }
    }
  });

  it('has nothing that no page uses', () => {
    const code = sources(SRC).join('\n');
    const unused = all
      .map((m) => m.key)
      // Words of the API are looked up as they come.
      .filter((key) => !/^(words|moments|refusals)\./.test(key))
      .filter((key) => !code.includes(`'${key}'`))
      // Made of a beginning and a word: `desk.quality-${…}`.
      .filter((key) => !key.split('-').some((_, n, parts) => n > 0 && code.includes(`${parts.slice(0, n).join('-')}-\${`)));
    expect(unused).toEqual([]);
  });

  it('is cut into one language for a browser', () => {
    expect(messagesOf(CATALOGUE, 'de')['words.state-talking']).toBe('Im Gespräch');
  });
});

describe('languages', () => {
  it('are picked from what the browser wants', () => {
    expect(pickLanguage(['nl', 'de-CH', 'en'])).toBe('de');
    expect(pickLanguage(['ZH-Hans-CN'])).toBe('zh');
    expect(pickLanguage(['toString'])).toBe('en');
    expect(localeOf('de', ['en-US', 'de-AT'])).toBe('de-AT');
    expect(localeOf('en', ['de'])).toBe('en-GB');
  });
});

describe('messages', () => {
  const i18n = makeI18n('en', { 'app.user': 'Hello {name}', 'app.floor': { one: '{count} call', other: '{count} calls' } }, ['en-GB']);

  it('isolate what people wrote', () => {
    expect(i18n.t('app.user', { name: 'x\u202ey' })).toBe('Hello \u2068xy\u2069');
  });

  it('know the plural', () => {
    expect(i18n.t('app.floor', { count: 1 })).toBe('1 call');
    expect(i18n.t('app.floor', { count: 1_200 })).toBe('1,200 calls');
    expect(choose({ one: 'o', many: 'm', other: 'x' }, new Intl.PluralRules('fr'), 1_000_000)).toBe('m');
    expect(choose({ one: 'o', other: 'x' }, new Intl.PluralRules('fr'), 1_000_000)).toBe('x');
  });

  it('say a word of the API only if there is one', () => {
    expect(i18n.word('words', 'nonsense')).toBeUndefined();
  });
});
