/**
 * Puts a synthetic library in place for figures of the window: many runs, and one with a million points.
 * Usage: fillLibrary.ts HOME [RUNS] [POINTS]
 */
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import type { SpoolRecord } from '../../shared/jobFolder.ts';
import { metricCatalogue } from '../../shared/metrics.ts';
import { Store } from '../../main/store/store.ts';

const [home = '', runs = '10000', points = '1000000'] = process.argv.slice(2);
if (home === '') throw new Error('name the folder of the library');
const metricNames = Object.keys(metricCatalogue).filter((name) => name !== 'trainingSeconds');
mkdirSync(join(home, 'jobs'), { recursive: true });
const store = await Store.open(home);

function configuration(index: number): object {
  return {
    method: index % 5 === 0 ? 'scratch' : 'distil',
    dataset: 'mt30',
    ...(index % 5 !== 0 && { teacher: index % 2 === 0 ? 'teacher 317M' : 'teacher 48M' }),
    ...(index % 5 !== 0 && { distillation: { coefficient: (index % 20) / 20 } }),
    batchSize: [128, 256, 1024][index % 3],
    steps: 200_000,
    seed: index % 10,
  };
}

function values(step: number, seed: number): Record<string, number> {
  return Object.fromEntries(
    metricNames.map((name, index) => [
      name,
      2 + Math.sin(step / 1e4 + index) + ((step * 7919 + seed * 104_729) % 1000) / 1000,
    ]),
  );
}

const list = Array.from({ length: Number(runs) }, (_, index) => ({
  id: store.newJobId('train'),
  job: {
    kind: 'train' as const,
    name: `sweep ${Math.floor(index / 10)}, seed ${index % 10}`,
    configuration: configuration(index),
    codeVersion: '0',
    steps: 200_000,
  },
}));
await store.insertJobs(list);
for (const [index, { id }] of list.entries()) {
  await store.supervision.requestStop(id);
  const records: SpoolRecord[] = [1, 2, 3].map((step) => ({ type: 'metrics', step, values: values(step, index) }));
  await store.supervision.ingest(id, { from: 0, records, to: 1 });
  if (index % 7 === 0) await store.updateJob(id, { tags: ['night'], notes: `note of ${index}` });
}
if (Number(points) > 0) {
  const id = store.newJobId('train');
  const job = {
    kind: 'train' as const,
    name: 'a million',
    configuration: configuration(1),
    codeVersion: '0',
    steps: Number(points),
  };
  await store.insertJobs([{ id, job }]);
  await store.supervision.requestStop(id);
  const batch = 10_000;
  const names = ['totalLoss', 'rewardLoss', 'stepsPerSecond'] as const;
  for (let begin = 0; begin < Number(points); begin += batch) {
    const records: SpoolRecord[] = Array.from({ length: batch }, (_, index) => {
      const step = begin + index + 1;
      const all = values(step, 1);
      return { type: 'metrics', step, values: Object.fromEntries(names.map((name) => [name, all[name] ?? 0])) };
    });
    await store.supervision.ingest(id, { from: begin, records, to: begin + batch });
  }
  console.log(id);
}
await store.close();
