// The catalogue of messages has all languages side by side, for whoever translates. A browser loads one of them: this
// plugin cuts the catalogue into modules for each language: `virtual:messages/de`, `virtual:messages/de/later`, and
// `virtual:messages/de/apart` for pages that stand alone.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const PREFIX = 'virtual:messages/';

/** Topics of pages that nobody sees first: their messages are loaded with the first of them. */
const LATER: ReadonlySet<string> = new Set(['moments', 'people', 'proof', 'questions', 'reports', 'settings', 'system']);

/** Topics of pages that stand alone: the app itself never loads their messages. */
const APART: ReadonlySet<string> = new Set(['call', 'connector', 'refusals']);

export type Part = 'first' | 'later' | 'apart';

const partOf = (topic: string): Part => (APART.has(topic) ? 'apart' : LATER.has(topic) ? 'later' : 'first');

/** The messages of one language, by topic and name: `desk.answer`. All, or those of one part. */
export function messagesOf(folder: string, language: string, part?: Part): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.json')).sort()) {
    const topic = file.slice(0, -'.json'.length);
    if (part && partOf(topic) !== part) continue;
    const entries = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, Record<string, unknown>>;
    for (const [name, texts] of Object.entries(entries)) out[`${topic}.${name}`] = texts[language];
  }
  return out;
}

export function messages(folder: string): Plugin {
  return {
    name: 'switchroom-messages',
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return undefined;
      const [language = '', part] = id.slice(PREFIX.length + 1).split('/');
      const texts = messagesOf(folder, language, part === 'later' || part === 'apart' ? part : 'first');
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(texts))})`;
    },
    handleHotUpdate({ file, server }) {
      if (file.startsWith(folder)) server.ws.send({ type: 'full-reload' });
    },
  };
}
