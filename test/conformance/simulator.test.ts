import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Report } from './report.ts';
import { checkSimulator } from './simulator.ts';

const fixtures = fileURLToPath(new URL('../fixtures/sim', import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'decant-simulator-'));
  await cp(fixtures, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

async function check(): Promise<{ report: Report; files: number; failures: string[] }> {
  const lines: string[] = [];
  const report = new Report((line) => lines.push(line));
  const files = await checkSimulator(folder, report);
  return { report, files, failures: lines.filter((line) => line.startsWith('FAIL')) };
}

type Path = readonly (string | number)[];

/** Changes one number of a file by a millionth of its size or of 1, or an integer by 1. */
async function perturb(file: string, path: Path): Promise<void> {
  const content: unknown = JSON.parse(await readFile(join(folder, file), 'utf8'));
  let owner = content;
  for (const key of path.slice(0, -1)) owner = Reflect.get(Object(owner) as object, key);
  const last = path.at(-1) ?? '';
  const value = Number(Reflect.get(Object(owner) as object, last));
  const step = Number.isInteger(value) ? 1 : 1e-6 * Math.max(1, Math.abs(value));
  Reflect.set(Object(owner) as object, last, value + step);
  await writeFile(join(folder, file), JSON.stringify(content));
}

it('passes on the recorded numbers and names what is not built', async () => {
  const { report, files, failures } = await check();
  expect(failures).toEqual([]);
  expect(report.passed).toBeGreaterThan(300);
  expect(report.notBuiltItems).toEqual(['rollout walker-walk']);
  expect(files).toBe(9);
});

const perturbations: [string, Path][] = [
  ['rollouts/pendulum-spin.json', ['seed']],
  ['rollouts/pendulum-spin.json', ['task_index']],
  ['rollouts/pendulum-spin.json', ['control_timestep']],
  ['rollouts/pendulum-spin.json', ['initial', 'qpos', 0]],
  ['rollouts/pendulum-spin.json', ['initial', 'qacc_warmstart', 0]],
  ['rollouts/cartpole-balance.json', ['initial', 'qvel', 1]],
  ['rollouts/cartpole-balance.json', ['initial', 'ncon']],
  ['rollouts/cartpole-balance.json', ['initial_obs_f64', 2]],
  ['rollouts/cartpole-balance.json', ['initial_obs', 1]],
  ['rollouts/cartpole-balance.json', ['actions', 19, 0]],
  ['rollouts/cartpole-balance.json', ['steps', 19, 'reward']],
  ['rollouts/cartpole-swingup-sparse.json', ['steps', 7, 'obs', 3]],
  ['rollouts/cartpole-swingup-sparse.json', ['steps', 0, 'qvel', 0]],
  ['rollouts/pendulum-spin.json', ['wrapped', 'steps', 9, 'reward']],
  ['rollouts/pendulum-spin.json', ['wrapped', 'steps', 3, 'obs', 23]],
  ['reward_probes/cartpole-balance.json', ['probes', 2, 'reward']],
  ['reward_probes/cartpole-balance.json', ['probes', 0, 'ctrl', 0]],
  ['reward_probes/pendulum-spin.json', ['probes', 1, 'obs', 0]],
  ['reward_probes/pendulum-swingup.json', ['probes', 0, 'qpos', 0]],
  ['models/cartpole.json', ['option', 'timestep']],
  ['models/cartpole.json', ['statistic', 'meaninertia']],
  ['models/cartpole.json', ['arrays', 'body_inertia', 'data', 1, 0]],
  ['models/cartpole.json', ['arrays', 'jnt_limited', 'data', 1]],
  ['models/cartpole.json', ['arrays', 'geom_type', 'data', 3]],
  ['models/cartpole.json', ['sizes', 'ngeom']],
];

it.each(perturbations)('fails on %s with one other number at %j', async (file, path) => {
  await perturb(file, path);
  const { failures } = await check();
  expect(failures.length).toBeGreaterThan(0);
});

it('fails on damaged, misplaced and unknown files', async () => {
  await writeFile(join(folder, 'rollouts/pendulum-spin.json'), '{"task": "pendulum-');
  await cp(join(folder, 'rollouts/cartpole-balance.json'), join(folder, 'rollouts/cheetah-run.json'));
  await cp(join(folder, 'rollouts/cartpole-balance.json'), join(folder, 'rollouts/juggling.json'));
  await writeFile(join(folder, 'models/unicycle.json'), '{}');
  const { failures } = await check();
  for (const name of ['pendulum-spin', 'cheetah-run', 'juggling', 'unicycle'])
    expect(failures.filter((line) => line.includes(name))).toHaveLength(1);
});
