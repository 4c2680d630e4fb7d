import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { messages } from './build/messages.ts';

const path = (p: string) => fileURLToPath(new URL(p, import.meta.url));

// Pages that stand alone are built apart, so that what they share with the app does not cut the app's own pieces anew and
// make its first load heavier. They are laid beside the app.
export default defineConfig({
  plugins: [react(), messages(path('./src/shared/i18n/catalogue'))],
  resolve: { alias: { '@': path('./src') } },
  publicDir: false,
  build: {
    target: 'es2022',
    emptyOutDir: false,
    manifest: '.vite/pages.json',
    sourcemap: false,
    rolldownOptions: { input: { call: path('./call.html'), connector: path('./connector.html') } },
  },
});
