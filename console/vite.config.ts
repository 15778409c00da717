import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The service puts a fresh nonce in place of CSP_NONCE in every page it sends.
export default defineConfig({
  base: '/console/',
  html: { cspNonce: 'CSP_NONCE' },
  plugins: [react()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '^/(v1|v2|v3|x|health|ready)': 'http://127.0.0.1:8080' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
