import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { decant, decantJson, startDecant } from './run.ts';

const idAndKind = z.looseObject({ id: z.string(), kind: z.string() });
const runs = z.array(z.looseObject({ id: z.string(), state: z.string(), step: z.int(), steps: z.int() }));
const shown = z.looseObject({
  id: z.string(),
  config: z.unknown(),
  checkpoints: z.array(z.looseObject({ id: z.string(), step: z.int() })),
});
const evaluated = z.looseObject({
  score: z.number(),
  tasks: z.array(z.looseObject({ task: z.string(), returns: z.array(z.number()), meanReturn: z.number() })),
});

const tiny = ['--set', 'batchSize=4', '--set', 'checkpointEvery=1', '--set', 'validationEpisodes=0'];

it('gives scripts the JSON that they may rely on, on real parts', async () => {
  const home = temporaryFolder();
  const out = temporaryFolder();
  const ask = async (...args: string[]): Promise<unknown> => decantJson(...args, '--home', home);

  const collect = ['--tasks', 'pendulum-spin', '--episodes', '2', '--name', 'spins'];
  const dataset = idAndKind.parse(await ask('collect', ...collect));
  expect(dataset).toMatchObject({ kind: 'dataset', name: 'spins', facts: { episodes: 2, transitions: 1000 } });

  expect(await ask('show', 'spins')).toMatchObject({ id: dataset.id, kind: 'dataset' });

  const file = join(home, 'my.json');
  writeFileSync(file, JSON.stringify({ method: 'scratch', dataset: 'spins', steps: 2 }));
  const first = idAndKind.parse(await ask('train', '--config', file, '--no-estimate', ...tiny));
  expect(first).toMatchObject({ kind: 'run', state: 'finished', step: 2, steps: 2 });

  const { checkpoints } = shown.parse(await ask('show', first.id));
  expect(checkpoints.map(({ step }) => step)).toEqual([1, 2]);
  const teacher = checkpoints[1]?.id ?? '';
  expect(first['checkpoint']).toBe(teacher);

  const label = idAndKind.parse(await ask('label', '--dataset', 'spins', '--teacher', teacher));
  expect(label.kind).toBe('label');

  const distil = ['--set', 'method=distil', '--set', `teacher=${teacher}`];
  const second = idAndKind.parse(await ask('train', '--config', file, ...distil, ...tiny));
  const listed = runs.parse(await ask('runs'));
  expect(listed.map(({ id }) => id)).toEqual([second.id, first.id]);
  expect(listed[0]).toMatchObject({ state: 'finished', step: 2, steps: 2, config: { teacher, batchSize: 4 } });

  const metrics = z
    .array(z.looseObject({ metric: z.string(), steps: z.array(z.number()) }))
    .parse(await ask('metrics', second.id));
  expect(metrics.find(({ metric }) => metric === 'totalLoss')?.steps).toEqual([1, 2]);
  const csv = (await decant('metrics', second.id, '--csv', '--home', home)).stdout.split('\n');
  expect(csv[0]).toBe('step,metric,value');
  expect(csv.filter((line) => /^[12],totalLoss,[\d.e-]+$/.test(line))).toHaveLength(2);

  const exported = idAndKind
    .extend({ path: z.string(), bytes: z.int(), fp32Bytes: z.int() })
    .parse(await ask('export', '--checkpoint', teacher, '--format', 'pt', '--precision', 'fp16', '--out', out));
  expect(exported.kind).toBe('export');
  expect(statSync(exported.path).size).toBe(exported.bytes);
  expect(exported.bytes).toBeLessThan(0.52 * exported.fp32Bytes);

  // A run means its last checkpoint.
  expect(await ask('export', '--checkpoint', first.id, '--format', 'pt', '--out', out)).toMatchObject({
    sha256: exported['sha256'],
  });

  const imported = idAndKind.parse(await ask('import', exported.path, '--name', 'back'));
  expect(imported).toMatchObject({ kind: 'checkpoint', name: 'back', duplicate: false, facts: { precision: 'fp16' } });
  expect(await ask('import', exported.path)).toMatchObject({ id: imported.id, kind: 'checkpoint', duplicate: true });

  const bundle = idAndKind.extend({ path: z.string() }).parse(await ask('bundle', first.id, '--out', out));
  expect(bundle).toMatchObject({ kind: 'bundle', checkpoints: 2 });
  const elsewhere = ['--home', temporaryFolder()];
  const moved = { id: first.id, kind: 'run', state: 'finished', step: 2 };
  expect(await decantJson('import', bundle.path, ...elsewhere)).toMatchObject({ ...moved, duplicate: false });
  expect(await decantJson('import', bundle.path, ...elsewhere)).toMatchObject({ ...moved, duplicate: true });
  expect(await decantJson('metrics', first.id, ...elsewhere)).toEqual(await ask('metrics', first.id));

  const evaluate = ['--checkpoint', 'back', '--tasks', 'pendulum-spin', '--episodes', '1', '--planner', 'policy'];
  const evaluation = evaluated.parse(await ask('evaluate', ...evaluate));
  expect(evaluation.tasks).toHaveLength(1);
  expect(evaluation.tasks[0]?.returns).toHaveLength(1);
  expect(evaluation.score).toBeCloseTo((evaluation.tasks[0]?.meanReturn ?? Number.NaN) / 10);

  expect(await ask('verify')).toMatchObject({ entries: expect.arrayContaining([]) as unknown });
  expect(await ask('delete', imported.id)).toMatchObject({ removed: [imported.id] });
});

it('Ctrl-C stops a run with a checkpoint, and resume goes on', async () => {
  const home = temporaryFolder();
  await decantJson('collect', '--tasks', 'pendulum-spin', '--episodes', '1', '--name', 'spins', '--home', home);
  const file = join(home, 'my.json');
  writeFileSync(file, JSON.stringify({ method: 'scratch', dataset: 'spins', steps: 1_000_000, batchSize: 4 }));
  const train = startDecant(['train', '--config', file, '--no-estimate', '--home', home]);
  let said = '';
  await new Promise<void>((resolve) => {
    train.child.stderr?.on('data', (text: string) => {
      said += text;
      if (/training {2}\d+ % {2}[1-9]/.test(said)) resolve();
    });
  });
  // The terminal's and the launcher's: one Ctrl-C arrives twice.
  train.child.kill('SIGINT');
  train.child.kill('SIGINT');
  const { status, stderr } = await train.ended;
  expect(stderr).toContain('Stopping');
  expect(status).toBe(1);
  const [run] = runs.parse(await decantJson('runs', '--home', home));
  expect(run?.state).toBe('stopped');
  const { checkpoints } = shown.parse(await decantJson('show', run?.id ?? '', '--home', home));
  expect(checkpoints.at(-1)?.step).toBe(run?.step);

  const detached = await decantJson('resume', run?.id ?? '', '--detach', '--home', home);
  expect(detached).toMatchObject({ id: run?.id, kind: 'run' });
  expect(await decantJson('stop', run?.id ?? '', '--home', home)).toMatchObject({ id: run?.id, state: 'stopped' });
  // The host in the background ends by itself when nothing is left to do.
  await expect.poll(() => existsSync(join(home, 'lock.json')), { interval: 200 }).toBe(false);
});

it('commands at the same time end well: the first is host to the others', async () => {
  const home = temporaryFolder();
  const collect = (seed: number) =>
    startDecant([
      'collect',
      '--tasks',
      'pendulum-spin',
      '--episodes',
      String(seed),
      '--seed',
      `${seed}`,
      '--home',
      home,
    ]);
  const ended = await Promise.all([1, 2, 3].map((seed) => collect(seed).ended));
  expect(ended.map(({ status, stderr }) => ({ status, failed: /^[A-Z_]+: .*/m.exec(stderr)?.[0] }))).toEqual(
    ended.map(() => ({ status: 0, failed: undefined })),
  );
  expect(await decantJson('datasets', '--home', home)).toHaveLength(3);
});
