/**
 * The 30 tasks of MT30, in the official order: a task's index is its position (td-mpc-opt, TASK_SET['mt30']).
 * Dimensions: reference/tasks.md, table 1.
 */
// prettier-ignore
const table = [
  ['walker-stand', 24, 6], ['walker-walk', 24, 6], ['walker-run', 24, 6], ['cheetah-run', 17, 6],
  ['reacher-easy', 6, 2], ['reacher-hard', 6, 2], ['acrobot-swingup', 6, 1], ['pendulum-swingup', 3, 1],
  ['cartpole-balance', 5, 1], ['cartpole-balance-sparse', 5, 1], ['cartpole-swingup', 5, 1], ['cartpole-swingup-sparse', 5, 1],
  ['cup-catch', 8, 2], ['finger-spin', 9, 2], ['finger-turn-easy', 12, 2], ['finger-turn-hard', 12, 2],
  ['fish-swim', 24, 5], ['hopper-stand', 15, 4], ['hopper-hop', 15, 4], ['walker-walk-backwards', 24, 6],
  ['walker-run-backwards', 24, 6], ['cheetah-run-backwards', 17, 6], ['cheetah-run-front', 17, 6], ['cheetah-run-back', 17, 6],
  ['cheetah-jump', 17, 6], ['hopper-hop-backwards', 15, 4], ['reacher-three-easy', 8, 3], ['reacher-three-hard', 8, 3],
  ['cup-spin', 8, 2], ['pendulum-spin', 3, 1],
] as const;

export type TaskName = (typeof table)[number][0];

export interface Task {
  /** Position in MT30: the value of the `task` column and the row of the task embedding. */
  readonly index: number;
  readonly name: TaskName;
  /** Length of the task's own observation; padded with zeros to `paddedObservationDim` for the model. */
  readonly observationDim: number;
  /** Number of actuators; the remaining entries of a padded action are masked. */
  readonly actionDim: number;
}

export const tasks: readonly Task[] = table.map(([name, observationDim, actionDim], index) => ({
  index,
  name,
  observationDim,
  actionDim,
}));

export const taskCount = 30;
export const paddedObservationDim = 24;
export const paddedActionDim = 6;

export function taskByName(name: string): Task | undefined {
  return tasks.find((task) => task.name === name);
}

/** Errors: RangeError outside 0..29. */
export function taskByIndex(index: number): Task {
  const task = tasks[index];
  if (task === undefined) throw new RangeError(`task index ${index} is not in 0..${taskCount - 1}`);
  return task;
}
