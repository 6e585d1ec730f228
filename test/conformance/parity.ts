import { type Backend, type Outputs } from '../../main/engine/compute/program.ts';
import { type AgentState } from '../../main/engine/tdmpc2/agentState.ts';
import { AdamNoise, noiseReason } from './adamNoise.ts';
import { type FixtureSet } from './fixtureSet.ts';
import { deviationOf, magnitude } from './numbers.ts';
import { numbersOfState, type ParityCase, ParityRun, startState } from './parityUpdates.ts';

/** What the issue asks for. */
export const parityCases: readonly ParityCase[] = [64, 256].flatMap((batchSize) =>
  [true, false].flatMap((distils) =>
    [0, 0.01].map((dropout) => ({ batchSize, distils, dropout, updates: 5, seed: 7 })),
  ),
);

/** How many eager runs with a shaken state there are beside the reference. */
const shakes = 5;

/** All but `share` of a tensor's weights must be this close to eager ones. */
const weightBound = 2e-5;
const share = 1e-4;

type Numbers = ReadonlyMap<string, Float32Array>;

function absent(): Float32Array {
  return new Float32Array();
}

/**
 * The float32 noise of each tensor of a computation: the largest deviation among runs with a shaken state. It takes the place of
 * the recorded deviation of the official program: times 20 and with 1e-6 of the magnitude it is the bound, as in other checks.
 */
class Noise {
  readonly #wanted: Numbers;
  readonly #shaken: readonly Numbers[];

  constructor(wanted: Numbers, shaken: readonly Numbers[]) {
    this.#wanted = wanted;
    this.#shaken = shaken;
  }

  of(name: string): number {
    const wanted = this.#wanted.get(name) ?? absent();
    return Math.max(...this.#shaken.map((numbers) => deviationOf(numbers.get(name) ?? absent(), wanted)));
  }

  bound(name: string): number {
    return 20 * this.of(name) + 1e-6 * magnitude(this.#wanted.get(name) ?? absent());
  }
}

function nameOf(set: FixtureSet, { batchSize, dropout, distils, updates }: ParityCase): string {
  const kind = distils ? 'distil' : 'scratch';
  return `${set.name}/parity ${updates} updates, batch ${batchSize}, ${kind}, dropout ${dropout}`;
}

function compare(
  set: FixtureSet,
  group: string,
  names: Iterable<string>,
  ours: Numbers,
  wanted: Numbers,
  noise: Noise,
) {
  for (const name of names) {
    const deviation = deviationOf(ours.get(name) ?? absent(), wanted.get(name) ?? absent());
    set.report.check(group, name, deviation, noise.bound(name), '20 times the noise of eager, 1e-6 of the magnitude');
  }
}

/** Entries further than `bound` and `allowance` from the wanted ones. */
function beyond(ours: Float32Array, wanted: Float32Array, allowance?: Float64Array): number {
  let count = 0;
  for (let index = 0; index < wanted.length; index++) {
    const difference = Math.abs((ours[index] ?? Number.NaN) - (wanted[index] ?? Number.NaN));
    if (!(difference <= weightBound + (allowance?.[index] ?? 0))) count += 1;
  }
  return count;
}

function checkWeights(
  set: FixtureSet,
  group: string,
  updates: number,
  ours: AgentState,
  wanted: AgentState,
  noise: AdamNoise,
): void {
  const farthest = 2 * set.hyperparameters.lr * updates;
  for (const [name, { data }] of wanted.parameters) {
    const found = ours.parameters.get(name)?.data ?? absent();
    set.report.check(group, `${name} farthest`, deviationOf(found, data), farthest, '2 x lr x updates');
    const strict = beyond(found, data) / data.length;
    const words = `entries beyond ${weightBound}`;
    if (strict <= share) set.report.check(group, `${name} ${words}`, strict, share, 'share of all');
    else {
      const counted = beyond(found, data, noise.of(name)) / data.length;
      const reason = `share of all, ${noiseReason}; ${strict.toExponential(2)} with it`;
      set.report.check(group, `${name} ${words}`, counted, share, reason);
    }
  }
}

/** Some updates on `backend` against eager ones, and against themselves: the same bits again, also with a break. */
export async function checkParity(
  set: FixtureSet,
  eager: Backend,
  backend: Backend,
  parity: ParityCase,
): Promise<void> {
  const group = nameOf(set, parity);
  const reference = new ParityRun(set, parity, eager, startState(set));
  const tested = new ParityRun(set, parity, backend, startState(set));
  const shaken = Array.from(
    { length: shakes },
    (_, index) => new ParityRun(set, parity, eager, startState(set), index + 1),
  );
  const noiseOf = new Map<number, Noise>();
  const adam = new AdamNoise(set, (update, name) => noiseOf.get(update)?.of(name));
  for (let update = 0; update < parity.updates; update++) {
    const wanted = (await reference.next()).outputs;
    const results: Outputs[] = [];
    for (const run of shaken) results.push((await run.next()).outputs);
    const noise = new Noise(wanted, results);
    noiseOf.set(update, noise);
    const ours = (await tested.next()).outputs;
    compare(set, `${group} update ${update}`, wanted.keys(), ours, wanted, noise);
    adam.add(update, wanted);
  }
  const wanted = await reference.finish(parity.updates);
  const after: Numbers[] = [];
  for (const run of shaken) after.push(numbersOfState(await run.finish(parity.updates)));
  const ours = await tested.finish(parity.updates);
  const noise = new Noise(numbersOfState(wanted), after);
  compare(set, `${group} end`, wanted.moments.keys(), numbersOfState(ours), numbersOfState(wanted), noise);
  checkWeights(set, `${group} end`, parity.updates, ours, wanted, adam);
  await checkRepeats(set, backend, parity, ours);
}

function sameBits(a: AgentState, b: AgentState): boolean {
  const [ours, theirs] = [numbersOfState(a), numbersOfState(b)];
  const bits = (numbers: Float32Array | undefined) => Buffer.from((numbers ?? absent()).slice().buffer);
  const scalars = a.scale === b.scale && a.step === b.step && a.stalePolicyNorm === b.stalePolicyNorm;
  return scalars && ours.size === theirs.size && [...ours].every(([name, x]) => bits(x).equals(bits(theirs.get(name))));
}

/** The same updates again end in the same bits, and so they do where they go on from a state that was read on the way. */
async function checkRepeats(set: FixtureSet, backend: Backend, parity: ParityCase, once: AgentState): Promise<void> {
  const group = nameOf(set, parity);
  const again = await new ParityRun(set, parity, backend, startState(set)).finish(parity.updates);
  set.report.expect(`${group} the same bits again`, sameBits(once, again), 'two equal runs ended in different bits');
  const half = await new ParityRun(set, parity, backend, startState(set)).finish(Math.ceil(parity.updates / 2));
  const resumed = await new ParityRun(set, parity, backend, half).finish(parity.updates);
  set.report.expect(`${group} the same bits after a break`, sameBits(once, resumed), 'a resumed run ended otherwise');
}
