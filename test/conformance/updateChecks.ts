import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type Backend } from '../../main/engine/compute/program.ts';
import { type Agent, createAgent } from '../../main/engine/tdmpc2/agent.ts';
import { freshState } from '../../main/engine/tdmpc2/agentState.ts';
import { type UpdateMetrics } from '../../main/engine/tdmpc2/updateMetrics.ts';
import { twoHotInv } from '../../main/engine/tdmpc2/math.ts';
import { modelEpsilon, policyEpsilon } from '../../main/engine/tdmpc2/optimiser.ts';
import { type ParameterGroup, parameterSpecifications } from '../../main/engine/tdmpc2/parameters.ts';
import { type Digests, digestsSchema, digestShare } from './digest.ts';
import { deviationOf, type FixtureSet, numbersOf, readJson } from './fixtureSet.ts';
import { checkBatch, checkMask, checkPair, load } from './forwardChecks.ts';

type Gradients = ReadonlyMap<string, Float32Array>;

const maskNames = {
  maskTd: 'dropout_mask_1_td_target',
  maskValue: 'dropout_mask_2_value_loss',
  maskPi: 'dropout_mask_3_policy',
} as const;

/** Updates that a set has inputs for. */
export function updateCount(set: FixtureSet): number {
  let count = 0;
  while (set.has(`update${count}_inputs`)) count += 1;
  return count;
}

function teacherReward(set: FixtureSet, file: string): Float32Array {
  return tf.tidy(() =>
    Float32Array.from(twoHotInv(load(set, file, 'teacher_reward_logits'), set.architecture).dataSync()),
  );
}

async function runUpdate(set: FixtureSet, agent: Agent, update: number) {
  const file = `update${update}_inputs`;
  const optional = (name: string) => (set.tensors(file).has(name) ? set.floats(file, name) : undefined);
  return agent.update(
    {
      obs: set.floats(file, 'obs'),
      action: set.floats(file, 'action'),
      reward: set.floats(file, 'reward'),
      task: set.integers(file, 'task'),
      teacherReward: teacherReward(set, file),
    },
    {
      noiseTd: set.floats(file, 'noise_td'),
      noisePi: set.floats(file, 'noise_pi'),
      pairTd: set.integers(file, 'qidx_td'),
      pairPi: set.integers(file, 'qidx_pi'),
      maskTd: optional(maskNames.maskTd),
      maskValue: optional(maskNames.maskValue),
      maskPi: optional(maskNames.maskPi),
    },
  );
}

function agentOf(set: FixtureSet, backend: Backend, gradClipNorm: number): Agent {
  const agent = createAgent({
    architecture: set.architecture,
    hyperparameters: { ...set.hyperparameters, gradClipNorm },
    corrections: set.corrections,
    terms: set.terms,
    episodeLength: 500,
    backend,
    outputGradients: true,
  });
  agent.load(freshState(set.initialParameters(), set.architecture));
  return agent;
}

/** Our value of each recorded statistic. */
function statistics(metrics: UpdateMetrics): Record<string, number> {
  const [distillation = Number.NaN] = metrics.distillationLosses;
  return {
    consistency_loss: metrics.consistencyLoss,
    reward_loss: metrics.rewardLoss,
    value_loss: metrics.valueLoss,
    pi_loss: metrics.piLoss,
    total_loss: metrics.totalLoss,
    grad_norm: metrics.modelGradNorm,
    model: metrics.modelGradNorm,
    model_norm_without_stale_pi: metrics.modelGradNormFresh,
    pi_scale: metrics.scale,
    running_scale_value: metrics.scale,
    distillation_loss: distillation,
    reward_distill_loss: distillation,
    pi_grad_norm: metrics.piGradNorm,
    pi: metrics.piGradNorm,
  };
}

function checkStatistics(
  set: FixtureSet,
  kind: 'update_stats' | 'clip05_stats',
  update: number,
  recorded: Readonly<Record<string, number>>,
  metrics: UpdateMetrics,
): void {
  const ours = statistics(metrics);
  const group = `${set.name}/${kind}[${update}]`;
  for (const [name, value] of Object.entries(recorded)) {
    const found = ours[name];
    if (found === undefined) set.report.fail(`${group} ${name}`, 'this program computes no such figure');
    else set.report.check(group, name, Math.abs(found - value), set.scalarBound(kind, name, update, value));
  }
}

/**
 * How far Adam may carry single weights apart that two correct float32 programs compute. Its step is the learning rate times a
 * ratio that a relative error of the gradient enters in full, so a gradient near its own noise moves its weight by a share of the
 * learning rate either way. The noise is twice the recorded float32 deviation of the gradient tensor; an entry whose gradient is
 * exactly 0 has none.
 */
class AdamNoise {
  readonly #set: FixtureSet;
  readonly #largest = new Map<string, Float64Array>();
  readonly #allowance = new Map<string, Float64Array>();
  readonly #groups: ReadonlyMap<string, ParameterGroup>;

  constructor(set: FixtureSet) {
    this.#set = set;
    this.#groups = new Map(parameterSpecifications(set.architecture).map(({ name, group }) => [name, group]));
  }

  add(update: number, gradients: Gradients): void {
    const { lr, encLrScale, tau } = this.#set.hyperparameters;
    for (const [key, values] of gradients) {
      const name = key.replace(/^(model|pi)_grad_preclip\./, '');
      const recorded = this.#set.deviation(`update${update}_grads`, key);
      const group = this.#groups.get(name);
      if (key.startsWith('stale.') || recorded === undefined || group === undefined) continue;
      const noise = 2 * recorded.max_abs;
      const rate = group === 'encoder' ? lr * encLrScale : lr;
      const epsilon = group === 'policy' ? policyEpsilon : modelEpsilon;
      const largest = this.#entry(this.#largest, name, values.length);
      const allowance = this.#entry(this.#allowance, name, values.length);
      for (let index = 0; index < values.length; index++) {
        const size = Math.max(largest[index] ?? 0, Math.abs(values[index] ?? 0));
        largest[index] = size;
        if (size > 0) allowance[index] = (allowance[index] ?? 0) + rate * Math.min(2, noise / (size + epsilon));
      }
      if (name.startsWith('_Qs')) {
        const target = this.#entry(this.#allowance, name.replace('_Qs', '_target_Qs'), values.length);
        for (let index = 0; index < values.length; index++)
          target[index] = (target[index] ?? 0) + tau * (allowance[index] ?? 0);
      }
    }
  }

  of(name: string): Float64Array | undefined {
    return this.#allowance.get(name);
  }

  #entry(map: Map<string, Float64Array>, name: string, length: number): Float64Array {
    let entry = map.get(name);
    if (entry === undefined) {
      entry = new Float64Array(length);
      map.set(name, entry);
    }
    return entry;
  }
}

const noiseReason = 'beyond what Adam makes of the noise of gradients near 0';

interface After {
  count: number;
  values: ReadonlyMap<string, Float32Array>;
  noise: AdamNoise;
}

function checkWeights(set: FixtureSet, file: string, { values, noise }: After): void {
  for (const [name, tensor] of set.tensors(file)) {
    const ours = values.get(name);
    const recorded = numbersOf(tensor);
    const bound = set.bound(file, name);
    if (ours === undefined || deviationOf(ours, recorded) <= bound) set.compare(file, name, ours);
    else {
      set.markJudged(file, name);
      set.report.check(`${set.name}/${file}`, name, deviationOf(ours, recorded, noise.of(name)), bound, noiseReason);
    }
  }
}

function checkDigests(
  set: FixtureSet,
  file: string,
  entries: Digests[string],
  ours: ReadonlyMap<string, Float32Array>,
  noise?: AdamNoise,
): void {
  for (const [name, digest] of Object.entries(entries)) {
    const group = `${set.name}/digest ${file}`;
    const values = ours.get(name);
    // Norms are judged as scalars.
    if (name.endsWith('_grad_norm')) continue;
    if (values === undefined) set.report.fail(`${group} ${name}`, 'this program computes no such tensor');
    else {
      const share = digestShare(digest, values, set.bound(file, name), noise?.of(name));
      const reason = noise?.of(name) === undefined ? 'share of the bounds' : `share of the bounds, ${noiseReason}`;
      set.report.check(group, name, share, 1, reason);
    }
  }
}

function checkGradients(set: FixtureSet, update: number, gradients: Gradients, metrics: UpdateMetrics): void {
  const file = `update${update}_grads`;
  if (!set.has(file)) return;
  const norms: Record<string, number> = { model_grad_norm: metrics.modelGradNorm, pi_grad_norm: metrics.piGradNorm };
  for (const name of set.tensors(file).keys()) {
    const norm = norms[name];
    if (norm === undefined) set.compare(file, name, gradients.get(name));
    else {
      set.markJudged(file, name);
      const value = Number(numbersOf(set.tensor(file, name))[0]);
      const scalar = name === 'model_grad_norm' ? 'grad_norm' : 'pi_grad_norm';
      const bound = set.scalarBound('update_stats', scalar, update, value);
      set.report.check(`${set.name}/${file}`, name, Math.abs(norm - value), bound);
    }
  }
}

function checkInputs(set: FixtureSet, update: number): void {
  const file = `update${update}_inputs`;
  checkBatch(set, file);
  checkPair(set, file, 'qidx_td');
  checkPair(set, file, 'qidx_pi');
  for (const name of Object.values(maskNames)) if (set.tensors(file).has(name)) checkMask(set, file, name);
  // Fed to the update, whose losses, gradients and weights are compared.
  for (const name of ['reward', 'noise_td', 'noise_pi', 'teacher_reward_logits']) set.markJudged(file, name);
}

/** The gradients as the official code sees them: those of the policy that it did not clear come from the update before. */
function withStale(gradients: Gradients, previous: Gradients | undefined): Map<string, Float32Array> {
  const all = new Map(gradients);
  for (const [name, values] of previous ?? [])
    if (name.startsWith('stale.')) all.set(`model_grad_preclip.${name.slice('stale.'.length)}`, values);
  return all;
}

async function valuesOf(agent: Agent): Promise<Map<string, Float32Array>> {
  const { parameters, moments } = await agent.read();
  return new Map([...parameters, ...moments].map(([name, { data }]) => [name, data]));
}

/** Losses, gradients, weights and moments of the recorded updates. */
export async function checkUpdates(set: FixtureSet, backend: Backend, digests: Digests): Promise<void> {
  const agent = agentOf(set, backend, set.hyperparameters.gradClipNorm);
  const noise = new AdamNoise(set);
  let previous: Gradients | undefined;
  for (let update = 0; update < updateCount(set); update++) {
    checkInputs(set, update);
    const { metrics, outputs } = await runUpdate(set, agent, update);
    const recorded = set.manifest.update_stats[update];
    if (recorded === undefined)
      set.report.fail(`${set.name}/update_stats[${update}]`, 'the manifest has no such entry');
    else checkStatistics(set, 'update_stats', update, recorded, metrics);
    const gradients = withStale(outputs, previous);
    checkGradients(set, update, gradients, metrics);
    const gradientDigests = digests[`update${update}_grads`];
    if (gradientDigests !== undefined) checkDigests(set, `update${update}_grads`, gradientDigests, gradients);
    noise.add(update, outputs);
    const after = { count: update + 1, values: await valuesOf(agent), noise };
    for (const kind of ['weights_after', 'adam_after']) {
      const file = `${kind}_${after.count}`;
      if (set.has(file)) checkWeights(set, file, after);
      const entries = digests[file];
      if (entries !== undefined) checkDigests(set, file, entries, after.values, noise);
    }
    previous = outputs;
  }
  agent.dispose();
}

const clipSchema = z.looseObject({
  grad_clip_norm: z.number(),
  stats: z.array(z.record(z.string(), z.number())),
  digest: digestsSchema,
});

/** The same updates with a smaller clipping norm, from clip05.json. */
export async function checkClipping(set: FixtureSet, backend: Backend): Promise<void> {
  const path = join(set.directory, 'clip05.json');
  if (!existsSync(path)) {
    set.report.note(`${set.name} has no clip05.json`);
    return;
  }
  const recorded = clipSchema.parse(readJson(path));
  const agent = agentOf(set, backend, recorded.grad_clip_norm);
  const noise = new AdamNoise(set);
  const seen = new Set<string>();
  for (let update = 0; update < recorded.stats.length; update++) {
    const { metrics, outputs } = await runUpdate(set, agent, update);
    checkStatistics(set, 'clip05_stats', update, recorded.stats[update] ?? {}, metrics);
    noise.add(update, outputs);
    const key = `after_${update + 1}`;
    const entries = recorded.digest[key];
    if (entries === undefined) continue;
    seen.add(key);
    const values = await valuesOf(agent);
    const weights: Digests[string] = {};
    const moments: Digests[string] = {};
    for (const [name, digest] of Object.entries(entries))
      if (name.startsWith('param.')) weights[name.slice('param.'.length)] = digest;
      else moments[name] = digest;
    checkDigests(set, `weights_${key}`, weights, values, noise);
    checkDigests(set, `adam_${key}`, moments, values, noise);
  }
  for (const key of Object.keys(recorded.digest))
    if (!seen.has(key)) set.report.fail(`${set.name}/clip05 ${key}`, 'no update leads to it');
  agent.dispose();
}
