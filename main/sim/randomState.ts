import { preciseLog } from './preciseLog.ts';

const stateLength = 624;
const shift = 397;

/**
 * numpy's legacy `RandomState(seed)`: the Mersenne Twister MT19937 with the draws that task resets use.
 * Draw for draw and bit for bit the same stream (Matsumoto and Nishimura 1998; NEP 19 freezes it).
 */
export class RandomState {
  readonly #state = new Uint32Array(stateLength);
  #position = stateLength;
  /** The polar method makes normals in pairs: the second waits here for the next call. */
  #spareNormal: number | undefined;

  /** `seed`: an integer in 0..2^32-1; RangeError otherwise. */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new RangeError(`seed ${seed} is not an integer in 0..2^32-1`);
    let previous = seed;
    this.#state[0] = previous;
    for (let index = 1; index < stateLength; index++) {
      previous = (Math.imul(1812433253, previous ^ (previous >>> 30)) + index) >>> 0;
      this.#state[index] = previous;
    }
  }

  /** A number in [0, 1) with 53 random bits. */
  random(): number {
    const high = this.#nextUint32() >>> 5;
    const low = this.#nextUint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** One draw from U(low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  /** One draw for each pair of bounds, in order: numpy's `uniform` with two vectors. */
  uniformVector(low: ArrayLike<number>, high: ArrayLike<number>): number[] {
    if (low.length !== high.length) throw new RangeError(`bounds of ${low.length} and ${high.length} entries`);
    return Array.from(low, (bound, index) => this.uniform(bound, high[index] ?? NaN));
  }

  /** One draw from N(0, 1), by the polar method of numpy's legacy generator. */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    let first: number, second: number, squaredRadius: number;
    do {
      first = 2 * this.random() - 1;
      second = 2 * this.random() - 1;
      squaredRadius = first * first + second * second;
    } while (squaredRadius >= 1 || squaredRadius === 0);
    const factor = Math.sqrt((-2 * preciseLog(squaredRadius)) / squaredRadius);
    this.#spareNormal = factor * first;
    return factor * second;
  }

  /** `count` draws from N(0, 1): numpy's `randn(count)`. */
  normals(count: number): number[] {
    return Array.from({ length: count }, () => this.normal());
  }

  #nextUint32(): number {
    if (this.#position === stateLength) this.#refill();
    let word = this.#state[this.#position++] ?? 0;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  }

  #refill(): void {
    const state = this.#state;
    for (let index = 0; index < stateLength; index++) {
      const mixed = ((state[index] ?? 0) & 0x80000000) | ((state[(index + 1) % stateLength] ?? 0) & 0x7fffffff);
      const twist = (mixed & 1) === 0 ? 0 : 0x9908b0df;
      state[index] = (state[(index + shift) % stateLength] ?? 0) ^ (mixed >>> 1) ^ twist;
    }
    this.#position = 0;
  }
}
