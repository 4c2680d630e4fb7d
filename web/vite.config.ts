import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { messages } from './build/messages.ts';

const path = (p: string) => fileURLToPath(new URL(p, import.meta.url));

// Where the API is while developing; a built app is served by the same server as the API.
const api = process.env.SWITCHROOM_API ?? 'http://127.0.0.1:8080';
// The server takes what changes something from its own pages only: to it this page is one of them.
const proxy = { '/api': { target: api, ws: true, changeOrigin: true, headers: { origin: api } } };

export default defineConfig({
  plugins: [react(), messages(path('./src/shared/i18n/catalogue'))],
  resolve: { alias: { '@': path('./src') } },
  server: { port: 5173, proxy },
  preview: { port: 4173, proxy },
  build: {
    target: 'es2022',
    manifest: true,
    // Source maps would double what the binary carries.
    sourcemap: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store)\// },
            { name: 'router', test: /node_modules\/@tanstack\/(react-router|router-core|history|react-query|query-core|react-store|store)\// },
          ],
        },
      },
    },
  },
});
