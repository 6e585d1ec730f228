import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/propertySeed.ts'],
    // Two cores are the smallest machine that is supported: more workers only steal time from each other.
    maxWorkers: 2,
    // shared/nodeFlags.ts says why.
    execArgv: ['--no-memory-protection-keys'],
    // Limits say that something stands still, never that a machine is slow or busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
