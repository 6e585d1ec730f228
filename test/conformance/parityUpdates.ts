import { type DistillationTerm } from '../../shared/configuration.ts';
import { tasks } from '../../shared/tasks.ts';
import { type Backend } from '../../main/engine/compute/program.ts';
import { type Agent, createAgent, type UpdateResult } from '../../main/engine/tdmpc2/agent.ts';
import { type AgentState, freshState } from '../../main/engine/tdmpc2/agentState.ts';
import { drawUpdate, normalsOf, symmetricUniforms } from '../../main/engine/tdmpc2/random.ts';
import { type UpdateBatch } from '../../main/engine/tdmpc2/updateBatch.ts';
import { type FixtureSet } from './fixtureSet.ts';

/** Updates that are compared: of a recorded model, on drawn batches. */
export interface ParityCase {
  batchSize: number;
  dropout: number;
  distils: boolean;
  updates: number;
  seed: number;
}

/** Sites of the draws below, which no run uses. */
const sites = { obs: 901, action: 902, reward: 903, teacher: 904, task: 905, shake: 906 };

function termsOf(set: FixtureSet, { distils }: ParityCase): readonly DistillationTerm[] {
  return distils ? set.terms : [];
}

/** Normal numbers of each row, 0 where the row's task has none. */
function padded(numbers: Float32Array, width: number, task: Int32Array, dimsOf: (index: number) => number) {
  return numbers.map((value, entry) => {
    const row = Math.floor(entry / width) % task.length;
    return entry % width < dimsOf(task[row] ?? 0) ? value : 0;
  });
}

/** Batch and random numbers of update `step`, shaped as data are. */
function drawn({ architecture, hyperparameters }: FixtureSet, parity: ParityCase, step: number) {
  const { batchSize, dropout, distils, seed } = parity;
  const { obsDim, actionDim, numTasks, numQ, mlpDim } = architecture;
  const { horizon } = hyperparameters;
  const rows = horizon * batchSize;
  const normals = (site: number, count: number) => normalsOf(seed, step, site, count);
  const uniforms = symmetricUniforms(seed, step, sites.task, batchSize);
  const task = Int32Array.from(uniforms, (value) => Math.floor(((value + 1) / 2) * numTasks));
  const size = (value: number) => Math.abs(value);
  const batch: UpdateBatch = {
    obs: padded(normals(sites.obs, (rows + batchSize) * obsDim), obsDim, task, (of) => tasks[of]?.observationDim ?? 0),
    action: padded(
      normals(sites.action, rows * actionDim).map(Math.tanh),
      actionDim,
      task,
      (of) => tasks[of]?.actionDim ?? 0,
    ),
    reward: normals(sites.reward, rows).map(size),
    task,
    teacherReward: distils ? normals(sites.teacher, batchSize).map(size) : undefined,
  };
  return { batch, randomness: drawUpdate(seed, step, { horizon, batchSize, actionDim, numQ, mlpDim, dropout }) };
}

/** The recorded weights, before any update. */
export function startState(set: FixtureSet): AgentState {
  return freshState(set.initialParameters(), set.architecture);
}

/** Moves every number of a state by up to a unit in its last place. */
function shake({ parameters, moments }: AgentState, seed: number, step: number): void {
  [...parameters.values(), ...moments.values()].forEach(({ data }, index) => {
    const by = symmetricUniforms(seed, step, sites.shake + index, data.length);
    data.forEach((value, entry) => (data[entry] = value * (1 + (by[entry] ?? 0) * 2 ** -23)));
  });
}

/** Updates of one agent, one after the other. */
export class ParityRun {
  readonly #set: FixtureSet;
  readonly #parity: ParityCase;
  readonly #agent: Agent;
  readonly #shakeSeed: number | undefined;
  #step: number;

  /** @param shakeSeed shakes the state before every update: what rounding could have made of it. */
  constructor(set: FixtureSet, parity: ParityCase, backend: Backend, state: AgentState, shakeSeed?: number) {
    this.#set = set;
    this.#shakeSeed = shakeSeed;
    this.#parity = parity;
    this.#agent = createAgent({
      architecture: set.architecture,
      hyperparameters: { ...set.hyperparameters, dropout: parity.dropout },
      corrections: set.corrections,
      terms: termsOf(set, parity),
      episodeLength: 500,
      backend,
      outputGradients: true,
    });
    this.#agent.load(state);
    this.#step = state.step;
  }

  async next(): Promise<UpdateResult> {
    if (this.#shakeSeed !== undefined) {
      const state = await this.#agent.read();
      shake(state, this.#shakeSeed, this.#step);
      this.#agent.load(state);
    }
    const { batch, randomness } = drawn(this.#set, this.#parity, this.#step++);
    return this.#agent.update(batch, randomness);
  }

  /** Makes updates until so many are made, and ends the run. */
  async finish(updates: number): Promise<AgentState> {
    while (this.#step < updates) await this.next();
    const state = await this.#agent.read();
    this.#agent.dispose();
    return state;
  }
}

/** Every parameter and moment of a state, by name. */
export function numbersOfState({ parameters, moments }: AgentState): Map<string, Float32Array> {
  return new Map([...parameters, ...moments].map(([name, { data }]) => [name, data]));
}
