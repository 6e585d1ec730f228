/**
 * How many shapes of batch a compiled program stays compiled for; each has activations of its own. Updates and plans have one shape
 * for good. Inference has a power of two of rows up to 4096: these eight reach down to 32, below which a step is no work, and
 * together hold twice what the largest does.
 */
export const shapesKept = 8;

/** The few values that were used last, by key. */
export class Recent<Value> {
  readonly #most: number;
  /** Least recently used first. */
  readonly #values = new Map<string, Value>();

  /** @param most how many are kept, at least 1. */
  constructor(most: number) {
    if (!(most >= 1)) throw new RangeError(`${most} values cannot be kept`);
    this.#most = most;
  }

  /** A value that is kept; it is the most recently used from then on. */
  get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  /** Keeps a value as the most recently used. Returns those that fall out for it, never itself; disposing of them is the caller's. */
  set(key: string, value: Value): Value[] {
    const fallen: Value[] = [];
    const replaced = this.#values.get(key);
    if (replaced !== undefined && replaced !== value) fallen.push(replaced);
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const [oldest, old] of this.#values) {
      if (this.#values.size <= this.#most) break;
      this.#values.delete(oldest);
      fallen.push(old);
    }
    return fallen;
  }

  /** Gives all values up and returns them. */
  clear(): Value[] {
    const values = [...this.#values.values()];
    this.#values.clear();
    return values;
  }
}
