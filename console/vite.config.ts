import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Put the stylesheet after the outline, whose painting it would delay, and before the styles that components add. */
const stylesheetAfterOutline: Plugin = {
  name: 'stylesheet-after-outline',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => {
      const links = html.match(/<link rel="stylesheet"[^>]*>/g) ?? [];
      const without = links.reduce((text, link) => text.replace(link, ''), html);
      return without.replace('<div id="root">', `${links.join('')}<div id="root">`);
    },
  },
};

// The service puts a fresh nonce in place of CSP_NONCE in every page it sends.
export default defineConfig({
  base: '/console/',
  html: { cspNonce: 'CSP_NONCE' },
  plugins: [react(), stylesheetAfterOutline],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
  },
  server: { proxy: { '^/(v1|v2|v3|x|health|ready)': 'http://127.0.0.1:8080' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
