/**
 * Figures of the store: listing 10,000 runs, taking records over, reading a chart of a million points. Usage: store.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpoolRecord } from '../../shared/jobFolder.ts';
import { metricCatalogue } from '../../shared/metrics.ts';
import { Store } from '../../main/store/store.ts';

const metricNames = Object.keys(metricCatalogue);

function record(step: number, names: readonly string[]): SpoolRecord {
  return {
    type: 'metrics',
    step,
    values: Object.fromEntries(names.map((name, index) => [name, Math.sin(step * (index + 1))])),
  };
}

async function milliseconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

const home = mkdtempSync(join(tmpdir(), 'decant-bench-'));
const store = await Store.open(home);
const configuration = { method: 'scratch', dataset: 'd' };
const job = { kind: 'train' as const, name: 'a run', configuration, codeVersion: '0', steps: 1e6 };

const runs = Array.from({ length: 10_000 }, () => ({ id: store.newJobId('train'), job }));
await store.insertJobs(runs);
for (const { id } of runs) {
  const records = Array.from({ length: 5 }, (_, index) => record(index + 1, metricNames));
  await store.supervision.ingest(id, { from: 0, records, to: 1 });
}
const lists: [string, () => Promise<unknown>][] = [
  ['first list of 10,000 runs, all metrics', () => store.listRuns()],
  ['list of 10,000 runs, all metrics', () => store.listRuns()],
  ['list of 10,000 runs, 3 metrics', () => store.listRuns({ metrics: metricNames.slice(0, 3) })],
  ['list of the newest 100 runs, all metrics', () => store.listRuns({ limit: 100 })],
];
for (const [name, list] of lists) console.log(`${name}: ${(await milliseconds(list)).toFixed(0)} ms`);

async function ingestRate(total: number, batch: number, names: readonly string[]): Promise<void> {
  const id = store.newJobId('train');
  await store.insertJobs([{ id, job }]);
  let spent = 0;
  for (let begin = 0; begin < total; begin += batch) {
    const records = Array.from({ length: batch }, (_, index) => record(begin + index + 1, names));
    spent += await milliseconds(() => store.supervision.ingest(id, { from: begin, records, to: begin + batch }));
  }
  const rate = (total / spent) * 1000;
  console.log(`ingest of ${names.length} metrics in batches of ${batch}: ${rate.toFixed(0)} records/s`);
  if (total < 1_000_000) return;
  for (const maximumPoints of [1000, 2000, 4000]) {
    let points = 0;
    const time = await milliseconds(async () => {
      points = (await store.readCharts(id, { metrics: names, maximumPoints }))[0]?.steps.length ?? 0;
    });
    console.log(`chart of 1,000,000 points as ${points} bins: ${time.toFixed(1)} ms`);
  }
  const zoom = await milliseconds(() => store.readCharts(id, { from: 500_000, to: 520_000, maximumPoints: 2000 }));
  console.log(`the same, 20,000 steps of it: ${zoom.toFixed(1)} ms`);
}

await ingestRate(1_000_000, 10_000, metricNames.slice(0, 1));
await ingestRate(20_000, 1000, metricNames);
await ingestRate(500, 10, metricNames);
await ingestRate(200, 1, metricNames);
await store.close();
rmSync(home, { recursive: true, force: true });
