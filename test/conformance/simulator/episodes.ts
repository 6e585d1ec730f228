import { z } from 'zod';
import {
  actionRepeat,
  createEnvironment,
  padObservation,
  stepsPerEpisode,
  type Environment,
} from '../../../main/sim/environment.ts';
import { float64View } from '../../../main/sim/mujoco.ts';
import { taskByName } from '../../../shared/tasks.ts';
import type { Report } from '../report.ts';
import { largestDifference, numbers, readChecked, type NamedFile } from './files.ts';
import { modelChanges, modelSnapshot, type ModelChange } from './modelFields.ts';

const rolloutSchema = z.object({
  task: z.string(),
  task_index: z.int(),
  domain: z.string(),
  dm_task: z.string(),
  custom: z.boolean(),
  seed: z.int(),
  control_timestep: z.number(),
  physics_timestep: z.number(),
  n_sub_steps: z.int(),
  step_limit: z.number(),
  action_dim: z.int(),
  action_min: numbers,
  action_max: numbers,
  obs_spec: z.array(z.tuple([z.string(), numbers, z.string()])),
  initial: z.object({
    qpos: numbers,
    qvel: numbers,
    act: numbers,
    ctrl: numbers,
    mocap_pos: z.array(numbers),
    mocap_quat: z.array(numbers),
    time: z.number(),
    qacc_warmstart: numbers,
    qfrc_applied: numbers,
    sensordata: numbers,
    ncon: z.int(),
  }),
  episode_model_changes: z.record(
    z.string(),
    z.array(z.object({ index: z.array(z.int()), compiled: z.number(), episode: z.number() })),
  ),
  initial_obs: numbers,
  initial_obs_f64: numbers,
  actions: z.array(numbers).min(1),
  steps: z
    .array(
      z.object({
        obs: numbers,
        reward: z.number(),
        qpos: numbers,
        qvel: numbers,
        ncon: z.int(),
        discount: z.number(),
      }),
    )
    .min(1),
  wrapped: z.object({
    reset_obs: numbers,
    obs_dtype: z.string(),
    same_initial_obs_as_raw: z.boolean(),
    steps: z.array(z.object({ obs: numbers, reward: z.number(), done: z.boolean() })).min(1),
  }),
});
type Rollout = z.infer<typeof rolloutSchema>;

const alongRollout = 1e-11;
const alongRolloutReason = 'MuJoCo 2.3.1, 3.1.2 and 3.3.7 agree to about 1e-11 along these rollouts';
const drawn = 1e-15;
const drawnReason = 'one last place: the logarithm behind normal draws is correctly rounded, the C library only nearly';
const derived = 1e-12;
const derivedReason = 'sine and cosine of two C libraries, through forward dynamics';
const single = 'both rounded to float32: equal';
const fixed = 'a fact of the task: equal';
/** The first custom task of MT30; they are listed after the stock ones. */
const firstCustomTask = 19;

/** Every number of a rollout: its task's facts, the redrawn initial state, each control step, each wrapped step. */
export async function checkRollout(file: NamedFile, report: Report): Promise<void> {
  const group = `rollout ${file.name}`;
  const rollout = await readChecked(file.path, rolloutSchema, group, report);
  if (rollout === undefined) return;
  report.expect(`${group} task`, rollout.task === file.name, `the file is about ${rollout.task}`);
  const environment = await createEnvironment(file.name, rollout.seed);
  try {
    checkFacts(group, rollout, environment, report);
    checkInitialState(group, rollout, environment, report);
    checkSteps(group, rollout, environment, report);
  } finally {
    environment.dispose();
  }
  await checkWrapped(group, file.name, rollout, report);
}

function checkFacts(group: string, rollout: Rollout, environment: Environment, report: Report): void {
  const { definition, physics, actionDim, observationDim } = environment;
  const { timestep } = physics.model.opt;
  const range = float64View(physics.model.actuator_ctrlrange);
  const exact = (name: string, ours: ArrayLike<number>, theirs: ArrayLike<number>): void =>
    report.check(group, name, largestDifference(ours, theirs), 0, fixed);
  const index = taskByName(definition.name)?.index ?? NaN;
  exact('task_index', [index], [rollout.task_index]);
  exact('physics_timestep', [timestep], [rollout.physics_timestep]);
  exact('n_sub_steps', [definition.substeps], [rollout.n_sub_steps]);
  exact('control_timestep', [timestep * definition.substeps], [rollout.control_timestep]);
  exact('step_limit', [actionRepeat * stepsPerEpisode], [rollout.step_limit]);
  exact('action_dim', [actionDim], [rollout.action_dim]);
  exact('action_min', everySecond(range, 0), rollout.action_min);
  exact('action_max', everySecond(range, 1), rollout.action_max);
  const observed = rollout.obs_spec.map(([, shape]) => shape.reduce((product, size) => product * size, 1));
  exact('obs_spec', [observationDim], [observed.reduce((sum, size) => sum + size, 0)]);
  const name = `${rollout.domain}-${rollout.dm_task}`.replaceAll('_', '-');
  report.expect(`${group} domain and dm_task`, name === definition.name, `${name} is another task`);
  report.expect(`${group} custom`, rollout.custom === index >= firstCustomTask, 'the task table says otherwise');
  const onGrid = rollout.actions.flat().every((entry) => Math.fround(entry) === entry);
  report.expect(
    `${group} actions`,
    onGrid && rollout.actions.length === rollout.steps.length,
    'not one float32 a step',
  );
}

function checkInitialState(group: string, rollout: Rollout, environment: Environment, report: Report): void {
  const { physics, definition } = environment;
  const { data } = physics;
  const { initial } = rollout;
  const compiled = modelSnapshot(physics.model);
  environment.resetControl();
  const compare = (name: string, ours: ArrayLike<number>, theirs: readonly number[], bound: number, why: string) =>
    report.check(group, `initial ${name}`, largestDifference(ours, theirs), bound, why);
  compare('qpos', physics.qpos, initial.qpos, drawn, drawnReason);
  compare('qvel', physics.qvel, initial.qvel, drawn, drawnReason);
  compare('qacc_warmstart', float64View(data.qacc_warmstart), initial.qacc_warmstart, derived, derivedReason);
  compare('act', float64View(data.act), initial.act, 0, fixed);
  compare('ctrl', physics.ctrl, initial.ctrl, 0, fixed);
  compare('mocap_pos', float64View(data.mocap_pos), initial.mocap_pos.flat(), 0, fixed);
  compare('mocap_quat', float64View(data.mocap_quat), initial.mocap_quat.flat(), 0, fixed);
  compare('time', [data.time], [initial.time], 0, fixed);
  compare('qfrc_applied', float64View(data.qfrc_applied), initial.qfrc_applied, 0, fixed);
  compare('sensordata', float64View(data.sensordata), initial.sensordata, derived, derivedReason);
  compare('ncon', [data.ncon], [initial.ncon], 0, fixed);
  const observation = definition.observation(physics);
  compare('observation', observation, rollout.initial_obs_f64, derived, derivedReason);
  compare('float32 observation', Float32Array.from(observation), rollout.initial_obs, 0, single);
  const changes = modelChanges(physics.model, compiled);
  const listed = Object.keys(rollout.episode_model_changes).sort().join(', ');
  const found = [...changes.keys()].sort().join(', ');
  report.expect(`${group} initial model changes`, listed === found, `listed: ${listed}; found: ${found}`);
  const flatten = (entries: readonly ModelChange[] = []): number[] =>
    entries.flatMap(({ index, compiled: before, episode }) => [...index, before, episode]);
  for (const [field, entries] of Object.entries(rollout.episode_model_changes))
    compare(`model ${field}`, flatten(changes.get(field)), flatten(entries), drawn, drawnReason);
}

function checkSteps(group: string, rollout: Rollout, environment: Environment, report: Report): void {
  const { physics, definition } = environment;
  const deviation = { qpos: 0, qvel: 0, reward: 0, observation: 0, ncon: 0, discount: 0 };
  const raise = (key: keyof typeof deviation, ours: ArrayLike<number>, theirs: ArrayLike<number>): void => {
    deviation[key] = Math.max(deviation[key], largestDifference(ours, theirs));
  };
  rollout.steps.forEach((step, index) => {
    raise('reward', [environment.stepControl(rollout.actions[index] ?? [])], [step.reward]);
    raise('qpos', physics.qpos, step.qpos);
    raise('qvel', physics.qvel, step.qvel);
    raise('observation', Float32Array.from(definition.observation(physics)), step.obs);
    raise('ncon', [physics.data.ncon], [step.ncon]);
    raise('discount', [1], [step.discount]);
  });
  const name = `${rollout.steps.length} steps`;
  for (const key of ['qpos', 'qvel', 'reward'] as const)
    report.check(group, `${name} ${key}`, deviation[key], alongRollout, alongRolloutReason);
  report.check(group, `${name} float32 observation`, deviation.observation, 0, single);
  report.check(group, `${name} ncon`, deviation.ncon, 0, fixed);
  report.check(group, `${name} discount`, deviation.discount, 0, fixed);
}

async function checkWrapped(group: string, task: string, rollout: Rollout, report: Report): Promise<void> {
  const { wrapped } = rollout;
  const environment = await createEnvironment(task, rollout.seed, { padded: true });
  try {
    const reset = environment.reset();
    const raw = padObservation(Float32Array.from(rollout.initial_obs));
    report.check(group, 'wrapped reset observation', largestDifference(reset, wrapped.reset_obs), 0, single);
    const same = largestDifference(raw, wrapped.reset_obs) === 0;
    report.expect(`${group} wrapped same_initial_obs_as_raw`, same === wrapped.same_initial_obs_as_raw, 'it is not so');
    report.expect(`${group} wrapped obs_dtype`, wrapped.obs_dtype === 'torch.float32', wrapped.obs_dtype);
    let observation = 0;
    let reward = 0;
    let ends = 0;
    wrapped.steps.forEach((step, index) => {
      const ours = environment.step(rollout.actions[index] ?? []);
      observation = Math.max(observation, largestDifference(ours.observation, step.obs));
      reward = Math.max(reward, Math.abs(ours.reward - step.reward));
      if (ours.done !== step.done) ends++;
    });
    const name = `${wrapped.steps.length} wrapped steps`;
    report.check(group, `${name} observation`, observation, 0, single);
    report.check(group, `${name} reward`, reward, 0, single);
    report.check(group, `${name} done`, ends, 0, fixed);
  } finally {
    environment.dispose();
  }
}

function everySecond(values: ArrayLike<number>, offset: 0 | 1): number[] {
  return Array.from(values).filter((_, index) => index % 2 === offset);
}
