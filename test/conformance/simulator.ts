import { join } from 'node:path';
import { z } from 'zod';
import type { ModelName } from '../../main/sim/mujoco.ts';
import { builtTasks } from '../../main/sim/suite.ts';
import { taskByName } from '../../shared/tasks.ts';
import type { Report } from './report.ts';
import { checkRollout } from './simulator/episodes.ts';
import { jsonFiles, readChecked, type NamedFile } from './simulator/files.ts';
import { checkModel } from './simulator/models.ts';
import { checkProbes } from './simulator/probes.ts';

/** The official models by the names of their files: ours, with the tasks that use them, or what is still to come. */
const models: Record<string, { model: ModelName; tasks: readonly string[] } | 'not built'> = {
  acrobot: 'not built',
  ball_in_cup: 'not built',
  ball_in_cup_custom: 'not built',
  cartpole: {
    model: 'cartpole',
    tasks: ['cartpole-balance', 'cartpole-balance-sparse', 'cartpole-swingup', 'cartpole-swingup-sparse'],
  },
  cheetah: 'not built',
  cheetah_custom: 'not built',
  finger: 'not built',
  fish: 'not built',
  hopper: 'not built',
  hopper_custom: 'not built',
  pendulum: { model: 'pendulum', tasks: ['pendulum-swingup'] },
  pendulum_custom: { model: 'pendulum', tasks: ['pendulum-spin'] },
  reacher: 'not built',
  reacher_three_links: 'not built',
  walker: 'not built',
  walker_custom: 'not built',
};

/**
 * Checks every .json file of `models`, `rollouts` and `reward_probes` in a folder laid out like the reference.
 * A file about no task or model of MT30, or one that cannot be read, is a failure.
 * @returns how many files there were.
 */
export async function checkSimulator(directory: string, report: Report): Promise<number> {
  const folders = await Promise.all(
    ['models', 'rollouts', 'reward_probes'].map((name) => jsonFiles(join(directory, name))),
  );
  const [modelFiles = [], rolloutFiles = [], probeFiles = []] = folders;
  for (const file of modelFiles) await checkModelFile(file, report);
  for (const file of rolloutFiles) await checkTaskFile('rollout', file, checkRollout, report);
  for (const file of probeFiles) await checkTaskFile('probes', file, checkProbes, report);
  return folders.flat().length;
}

async function checkModelFile(file: NamedFile, report: Report): Promise<void> {
  const known = models[file.name];
  const group = `model ${file.name}`;
  if (known === undefined) report.fail(group, 'MT30 has no model of that name');
  else if (known !== 'not built') await checkModel(file, known.model, known.tasks, report);
  else if ((await readChecked(file.path, z.object({ arrays: z.object({}) }), group, report)) !== undefined)
    report.notBuilt(group);
}

async function checkTaskFile(
  kind: string,
  file: NamedFile,
  check: (file: NamedFile, report: Report) => Promise<void>,
  report: Report,
): Promise<void> {
  const group = `${kind} ${file.name}`;
  const built: readonly string[] = builtTasks();
  if (taskByName(file.name) === undefined) report.fail(group, 'MT30 has no task of that name');
  else if (built.includes(file.name)) await check(file, report);
  else if ((await readChecked(file.path, z.object({ task: z.literal(file.name) }), group, report)) !== undefined)
    report.notBuilt(group);
}
