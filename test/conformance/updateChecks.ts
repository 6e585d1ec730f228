import { type Backend } from '../../main/engine/compute/program.ts';
import { type UpdateMetrics } from '../../main/engine/tdmpc2/updateMetrics.ts';
import { AdamNoise, noiseReason } from './adamNoise.ts';
import { type Digests, digestShare } from './digest.ts';
import { type FixtureSet } from './fixtureSet.ts';
import { checkBatch, checkMask, checkPair } from './forwardChecks.ts';
import { deviationOf, numbersOf } from './numbers.ts';
import { agentOf, maskNames, runUpdate, updateCount, valuesOf } from './recordedUpdates.ts';

type Gradients = ReadonlyMap<string, Float32Array>;

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

export function checkStatistics(
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

export function checkDigests(
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

/** Losses, gradients, weights and moments of the recorded updates. */
export async function checkUpdates(set: FixtureSet, backend: Backend, digests: Digests): Promise<void> {
  const agent = agentOf(set, backend, set.hyperparameters.gradClipNorm);
  const noise = new AdamNoise(set);
  let previous: Gradients | undefined;
  for (let update = 0; update < updateCount(set); update++) {
    checkInputs(set, update);
    const { metrics, outputs } = await runUpdate(set, backend, agent, update);
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
