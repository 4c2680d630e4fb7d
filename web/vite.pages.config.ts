import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { messages } from './build/messages.ts';

const path = (p: string) => fileURLToPath(new URL(p, import.meta.url));

// Pages that stand alone are built apart, so that what they share with the app does not cut the app's own pieces anew and
// make its first load heavier. They are laid beside the app.
export default defineConfig({
  plugins: [messages(path('./src/shared/i18n/catalogue'))],
  resolve: { alias: { '@': path('./src') } },
  publicDir: false,
  build: {
    target: 'es2022',
    emptyOutDir: false,
    sourcemap: false,
    rolldownOptions: { input: { call: path('./call.html') } },
  },
});
