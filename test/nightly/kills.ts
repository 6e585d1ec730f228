/** Thirty kills of real engines and thirty of hosts at random moments. Usage: kills.ts [COUNT]. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killEngines, killHosts } from '../main/jobs/kills.ts';
import { realSubject } from '../main/jobs/realSubject.ts';

const count = Number(process.argv[2] ?? 30);

for (const [name, kill] of [
  ['engine', killEngines],
  ['host', killHosts],
] as const) {
  const home = mkdtempSync(join(tmpdir(), 'decant-nightly-'));
  const step = await kill(await realSubject(home), count);
  console.log(`${name}: ${count} kills, nothing lost up to step ${step}`);
  rmSync(home, { recursive: true, force: true });
}
