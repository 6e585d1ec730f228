import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { killEngines, killHosts } from './kills.ts';
import { realSubject } from './realSubject.ts';

test('five kills of the engine lose nothing acknowledged', { timeout: 900_000 }, async () => {
  expect(await killEngines(await realSubject(temporaryFolder()), 5)).toBeGreaterThan(0);
});

test('five kills of the host lose nothing acknowledged', { timeout: 900_000 }, async () => {
  expect(await killHosts(await realSubject(temporaryFolder()), 5)).toBeGreaterThan(0);
});
