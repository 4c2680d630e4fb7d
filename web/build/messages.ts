// The catalogue of messages has all languages side by side, for whoever translates. A browser loads one of them: this
// plugin cuts the catalogue into two modules for each language: `virtual:messages/de` and `virtual:messages/de/later`.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const PREFIX = 'virtual:messages/';

/** Topics of pages that nobody sees first: their messages are loaded with the first of them. */
const LATER: ReadonlySet<string> = new Set(['people', 'reports', 'system']);

/** The messages of one language, by topic and name: `desk.answer`. All, or those of pages seen first, or the others. */
export function messagesOf(folder: string, language: string, part?: 'first' | 'later'): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.json')).sort()) {
    const topic = file.slice(0, -'.json'.length);
    if (part && LATER.has(topic) !== (part === 'later')) continue;
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
      const texts = messagesOf(folder, language, part === 'later' ? 'later' : 'first');
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(texts))})`;
    },
    handleHotUpdate({ file, server }) {
      if (file.startsWith(folder)) server.ws.send({ type: 'full-reload' });
    },
  };
}
