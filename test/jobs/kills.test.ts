import { expect, test } from 'vitest';
import { temporaryFolder } from '../store/library.ts';
import { acknowledgedInLog, killEngines, killHosts, type KillSubject } from './kills.ts';
import { fakeEngine, fakeEnvironment, prepareLibrary, training } from './prepare.ts';

async function subject(): Promise<KillSubject> {
  const home = temporaryFolder();
  await prepareLibrary(home);
  return {
    home,
    entry: fakeEngine,
    environment: fakeEnvironment({ stepMilliseconds: 2 }),
    kind: 'train',
    configuration: { ...training, steps: 400, checkpointEvery: 25 },
    longestDelay: 400,
    acknowledgedStep: (job) => acknowledgedInLog(home, job),
    random: Math.random,
  };
}

test('five kills of the engine lose nothing acknowledged', { timeout: 180_000 }, async () => {
  const report = await killEngines(await subject(), 5);
  expect(report.interrupted).toBeGreaterThanOrEqual(3);
});

test('five kills of the host lose nothing acknowledged', { timeout: 180_000 }, async () => {
  const report = await killHosts(await subject(), 5);
  expect(report.interrupted).toBeGreaterThanOrEqual(3);
});
