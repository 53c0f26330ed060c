import tailwindcss from '@tailwindcss/vite';
import vue from '@vitejs/plugin-vue';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const themeSource = 'src/shell/theme_first.ts';

/**
 * The script that index.html waits for is a part of its own, so that its name carries its hash as the others' do: the
 * browser then has it and asks nobody.
 */
function themeScript(): Plugin {
  return {
    name: 'theme-script',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const made = Object.values(bundle ?? {}).find(
          (part) => part.type === 'chunk' && part.isEntry && part.facadeModuleId?.endsWith(`/${themeSource}`),
        );
        const wanted = `src="/${themeSource}"`;
        if (!made) throw new Error(`no entry of the build is ${themeSource}`);
        if (!html.includes(wanted)) throw new Error(`index.html does not name ${themeSource}`);
        return html.replace(wanted, `src="./${made.fileName}"`);
      },
    },
  };
}

export default defineConfig({
  // Assets are found by <base href>, which the server sets to its own prefix.
  base: './',
  plugins: [vue(), tailwindcss(), themeScript()],
  build: {
    target: 'es2022',
    // The server's content security policy allows no inline code and no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: { input: { index: 'index.html', theme: themeSource } },
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
