import { taskByName, paddedObservationDim } from '../../shared/tasks.ts';
import { loadPhysics, type Physics } from './physics.ts';
import { RandomState } from './randomState.ts';
import { taskDefinition } from './suite.ts';
import type { TaskDefinition } from './taskDefinition.ts';

/** Raw control steps that one action is held for. */
export const actionRepeat = 2;
/** Wrapped steps of an episode: 1000 control steps for every task of MT30. */
export const stepsPerEpisode = 500;

export interface StepResult {
  /** (observationDim,) or, where padding was asked for, (24,). */
  observation: Float32Array;
  /** Float32, in [0, 2]: the sum over the two control steps. */
  reward: number;
  /** True from the 500th step on. */
  done: boolean;
}

export interface EnvironmentOptions {
  /** Append zeros to observations up to 24 entries, as the model wants them. Default false. */
  readonly padded?: boolean;
}

/**
 * A task as the official code presents it to the agent: actions held for two control steps and episodes of 500
 * steps. Owns WASM memory: call `dispose()`.
 */
export class Environment {
  readonly definition: TaskDefinition;
  readonly observationDim: number;
  readonly actionDim: number;
  readonly physics: Physics;
  readonly #random: RandomState;
  readonly #padded: boolean;
  #stepsTaken = stepsPerEpisode;

  /** Takes over `physics` and `random`. Most callers want `createEnvironment`. */
  constructor(definition: TaskDefinition, physics: Physics, random: RandomState, options: EnvironmentOptions = {}) {
    const task = taskByName(definition.name);
    if (task === undefined) throw new RangeError(`"${definition.name}" is no task of MT30`);
    this.definition = definition;
    this.observationDim = task.observationDim;
    this.actionDim = task.actionDim;
    this.physics = physics;
    this.#random = random;
    this.#padded = options.padded ?? false;
  }

  /** Starts the next episode, going on in the task's random stream. */
  reset(): Float32Array {
    this.resetControl();
    this.#stepsTaken = 0;
    return this.#observation();
  }

  /**
   * One step of an episode with `action` in [-1, 1], (actionDim,) or longer: the entries after are ignored.
   * @throws RangeError for an action that is too short or not finite, and when no episode is under way.
   */
  step(action: ArrayLike<number>): StepResult {
    if (this.#stepsTaken >= stepsPerEpisode) throw new RangeError('no episode is under way: reset first');
    const control = Float64Array.from({ length: this.actionDim }, (_, index) => scaleAction(action[index] ?? NaN));
    let reward = 0;
    for (let repeat = 0; repeat < actionRepeat; repeat++) reward += this.stepControl(control);
    this.#stepsTaken++;
    return {
      observation: this.#observation(),
      reward: Math.fround(reward),
      done: this.#stepsTaken === stepsPerEpisode,
    };
  }

  /** The reset below the wrappers: state and model fields of a new episode. */
  resetControl(): void {
    this.physics.reset();
    this.definition.initialiseEpisode(this.physics, this.#random);
    this.physics.forwardWithoutActuation();
  }

  /** One raw control step, below action scaling, action repeat and time limit. Returns its reward in [0, 1], float64. */
  stepControl(action: ArrayLike<number>): number {
    const { ctrl } = this.physics;
    for (let index = 0; index < this.actionDim; index++) {
      const entry = action[index];
      if (entry === undefined || !Number.isFinite(entry))
        throw new RangeError(`entry ${index} of an action for ${this.definition.name} is ${entry ?? 'missing'}`);
      ctrl[index] = entry;
    }
    this.physics.step(this.definition.substeps);
    return this.definition.reward(this.physics);
  }

  dispose(): void {
    this.physics.dispose();
  }

  #observation(): Float32Array {
    const observation = Float32Array.from(this.definition.observation(this.physics));
    return this.#padded ? padObservation(observation) : observation;
  }
}

/**
 * An environment of one task with its own RandomState(seed); consecutive episodes continue its stream. Several may
 * live in one process.
 * @throws DecantError NOT_BUILT or CONFIG_INVALID, as `taskDefinition`; RangeError for a seed outside 0..2^32-1.
 */
export async function createEnvironment(
  taskName: string,
  seed: number,
  options: EnvironmentOptions = {},
): Promise<Environment> {
  const definition = taskDefinition(taskName);
  const random = new RandomState(seed);
  return new Environment(definition, await loadPhysics(definition.model), random, options);
}

/**
 * The official scaling from [-1, 1] to the actuators' range. That is [-1, 1] for every task, but it is computed in
 * float32, so an action loses its bits below 2^-24.
 */
function scaleAction(entry: number): number {
  return Math.fround(Math.fround(Math.fround(entry) + 1) - 1);
}

/** (n,) → (24,), zeros appended. */
export function padObservation(observation: Float32Array): Float32Array {
  const padded = new Float32Array(paddedObservationDim);
  padded.set(observation);
  return padded;
}
