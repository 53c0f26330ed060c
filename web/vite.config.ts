import tailwindcss from '@tailwindcss/vite';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Assets are found by <base href>, which the server sets to its own prefix.
  base: './',
  plugins: [vue(), tailwindcss()],
  build: {
    target: 'es2022',
    // The server's content security policy allows no inline code and no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    // `npx vite` against a server on its default address.
    proxy: Object.fromEntries(['/api', '/whep', '/whip', '/ws', '/snapshot', '/ca.crt'].map((path) => [path, 'http://127.0.0.1:8080'])),
  },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.ts'],
    restoreMocks: true,
  },
});
