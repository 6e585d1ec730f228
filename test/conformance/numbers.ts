import { readFileSync } from 'node:fs';
import { type Tensor } from '../../shared/tensor.ts';

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Largest magnitude of an array; NaN counts as infinite, so that it never passes. */
export function magnitude(data: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < data.length; index++) {
    const value = Math.abs(data[index] ?? Number.NaN);
    if (!(value <= largest)) largest = Number.isNaN(value) ? Infinity : value;
  }
  return largest;
}

export function numbersOf({ data }: Tensor): ArrayLike<number> {
  return data instanceof BigInt64Array ? Float64Array.from(data, Number) : data;
}

/** The largest difference, after `allowance` of an entry is taken off; infinite where lengths differ or a value is NaN. */
export function deviationOf(ours: ArrayLike<number>, theirs: ArrayLike<number>, allowance?: Float64Array): number {
  if (ours.length !== theirs.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < ours.length; index++) {
    const difference =
      Math.abs((ours[index] ?? Number.NaN) - (theirs[index] ?? Number.NaN)) - (allowance?.[index] ?? 0);
    if (Number.isNaN(difference)) return Infinity;
    if (difference > largest) largest = difference;
  }
  return largest;
}
