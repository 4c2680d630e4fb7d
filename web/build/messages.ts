// The catalogue of messages has all languages side by side, for whoever translates. A browser loads one of them: this
// plugin cuts the catalogue into a module for each language, `virtual:messages/de` and its like.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const PREFIX = 'virtual:messages/';

/** All messages of one language, by topic and name: `desk.answer`. */
export function messagesOf(folder: string, language: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.json')).sort()) {
    const topic = file.slice(0, -'.json'.length);
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
      const texts = messagesOf(folder, id.slice(PREFIX.length + 1));
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(texts))})`;
    },
    handleHotUpdate({ file, server }) {
      if (file.startsWith(folder)) server.ws.send({ type: 'full-reload' });
    },
  };
}
