import type { TaskName } from '../../shared/tasks.ts';
import type { ModelName } from './mujoco.ts';
import type { Physics } from './physics.ts';
import type { RandomState } from './randomState.ts';

/** What a task adds to its model: how an episode starts, what is seen, what is rewarded. */
export interface TaskDefinition {
  readonly name: TaskName;
  readonly model: ModelName;
  /** Physics steps in one control step. */
  readonly substeps: number;
  /** Writes the initial state, and model fields where the task has such, from the task's own random stream. */
  initialiseEpisode(physics: Physics, random: RandomState): void;
  /** The flat observation in float64, without padding. */
  observation(physics: Physics): number[];
  /** In [0, 1]. */
  reward(physics: Physics): number;
}
