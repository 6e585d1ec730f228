/** Thirty kills of engines and thirty of hosts. Usage: kills.ts [COUNT]. The engine that only pretends stands for the real one here. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acknowledgedInLog, killEngines, killHosts, type KillSubject } from '../jobs/kills.ts';
import { fakeEngine, fakeEnvironment, prepareLibrary, training } from '../jobs/prepare.ts';

const count = Number(process.argv[2] ?? 30);

for (const [name, kill] of [
  ['engine', killEngines],
  ['host', killHosts],
] as const) {
  const home = mkdtempSync(join(tmpdir(), 'decant-nightly-'));
  await prepareLibrary(home);
  const subject: KillSubject = {
    home,
    entry: fakeEngine,
    environment: fakeEnvironment({ stepMilliseconds: 2 }),
    kind: 'train',
    configuration: { ...training, steps: 1000, checkpointEvery: 50 },
    longestDelay: 1500,
    acknowledgedStep: (job) => acknowledgedInLog(home, job),
    random: Math.random,
  };
  const report = await kill(subject, count);
  console.log(
    `${name}: ${count} kills, ${report.interrupted} runs interrupted by them, ${report.jobs.length} runs finished`,
  );
  rmSync(home, { recursive: true, force: true });
}
