import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';

const source = (name) => fileURLToPath(new URL(`src/${name}`, import.meta.url));

const fonts = ['@fontsource-variable/fira-code', '@fontsource-variable/roboto'];

// Adds the licences of the fonts to those of the code, and keeps only the compressed form of each file: the binary embeds
// it and sends it as it is.
const pack = {
  name: 'pack',
  apply: 'build',
  writeBundle({ dir }) {
    for (const font of fonts) {
      const license = readFileSync(fileURLToPath(import.meta.resolve(`${font}/LICENSE`)), 'utf8');
      appendFileSync(join(dir, 'licenses.md'), `\n## ${font} (OFL-1.1)\n\n${license}`);
    }
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      rmSync(file);
    }
  },
};

export default defineConfig({
  base: './',
  resolve: {
    alias: {
      // Smaller stand-ins for what GraphiQL takes whole; each says what it is.
      'monaco-editor/esm/vs/editor/edcore.main.js': source('monaco.js'),
      'prettier/parser-babel': source('prettyJson.js'),
      'prettier/plugins/estree': source('prettyJson.js'),
    },
  },
  worker: { format: 'es' },
  // In development a worker is loaded module by module; these lean on CommonJS, and have to be bundled for it.
  optimizeDeps: { include: ['monaco-graphql > graphql-language-service', 'monaco-graphql > picomatch-browser'] },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    license: { fileName: 'licenses.md' },
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  server: {
    proxy: { '/graphql': { target: process.env.POSTERN_URL ?? 'http://127.0.0.1:8080', ws: true } },
  },
  plugins: [pack],
});
