import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A sandboxed preload is one CommonJS file that may ask for `electron` alone. */
export default defineConfig({
  root: place('.'),
  build: {
    outDir: place('../../dist/preload'),
    emptyOutDir: true,
    target: 'chrome130',
    minify: false,
    reportCompressedSize: false,
    lib: { entry: place('preload.ts'), formats: ['cjs'], fileName: () => 'preload.cjs' },
    rolldownOptions: { external: ['electron'] },
  },
});
