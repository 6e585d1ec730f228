import { defineConfig } from 'vitest/config';

/** Whole applications, one after the other: each wants both cores of a small machine. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
  },
});
