import { modelEpsilon, policyEpsilon } from '../../main/engine/tdmpc2/optimiser.ts';
import { type ParameterGroup, parameterSpecifications } from '../../main/engine/tdmpc2/parameters.ts';
import { type FixtureSet } from './fixtureSet.ts';

/** The float32 deviation of a gradient tensor of an update; undefined where it is not known. */
type GradientDeviation = (update: number, key: string) => number | undefined;

/**
 * How far Adam may carry single weights apart that two correct float32 programs compute. Its step is the learning rate times a
 * ratio that a relative error of the gradient enters in full, so a gradient near its own noise moves its weight by a share of the
 * learning rate either way. The noise is twice the float32 deviation of the gradient tensor, the recorded one unless another is
 * given; an entry whose gradient is exactly 0 has none.
 */
export class AdamNoise {
  readonly #set: FixtureSet;
  readonly #deviation: GradientDeviation;
  readonly #largest = new Map<string, Float64Array>();
  readonly #allowance = new Map<string, Float64Array>();
  readonly #groups: ReadonlyMap<string, ParameterGroup>;

  constructor(
    set: FixtureSet,
    deviation: GradientDeviation = (update, key) => set.deviation(`update${update}_grads`, key)?.max_abs,
  ) {
    this.#set = set;
    this.#deviation = deviation;
    this.#groups = new Map(parameterSpecifications(set.architecture).map(({ name, group }) => [name, group]));
  }

  add(update: number, gradients: ReadonlyMap<string, Float32Array>): void {
    const { lr, encLrScale, tau } = this.#set.hyperparameters;
    for (const [key, values] of gradients) {
      const name = key.replace(/^(model|pi)_grad_preclip\./, '');
      const deviation = this.#deviation(update, key);
      const group = this.#groups.get(name);
      if (key.startsWith('stale.') || deviation === undefined || group === undefined) continue;
      const noise = 2 * deviation;
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

export const noiseReason = 'beyond what Adam makes of the noise of gradients near 0';
