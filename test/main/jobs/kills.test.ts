import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { killEngines, killHosts } from './kills.ts';
import { realSubject } from './realSubject.ts';

test('five kills of the engine lose nothing acknowledged', { timeout: 300_000 }, async () => {
  const report = await killEngines(await realSubject(temporaryFolder()), 5);
  expect(report.interrupted).toBeGreaterThanOrEqual(3);
});

test('five kills of the host lose nothing acknowledged', { timeout: 300_000 }, async () => {
  const report = await killHosts(await realSubject(temporaryFolder()), 5);
  expect(report.interrupted).toBeGreaterThanOrEqual(3);
});
