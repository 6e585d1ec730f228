import { defineConfig } from 'vitest/config';

/** Whole applications, one after the other: each wants both cores of a small machine. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    fileParallelism: false,
    // shared/nodeFlags.ts says why.
    execArgv: ['--no-memory-protection-keys'],
    // Limits say that something stands still, never that a machine is slow or busy.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 120_000 } },
  },
});
