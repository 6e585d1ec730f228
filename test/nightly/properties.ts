/** Property tests with cases that nobody has seen before: `npm run nightly`. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const seed = Date.now() % 2 ** 31;
console.log(`property tests by DECANT_PROPERTY_SEED=${seed}`);
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run'], {
  stdio: 'inherit',
  env: { ...process.env, DECANT_PROPERTY_SEED: String(seed) },
});
process.exitCode = status ?? 1;
