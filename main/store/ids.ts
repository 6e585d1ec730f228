import { randomInt } from 'node:crypto';

const digits = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Letters of ids: r a training run, j any other job, d a dataset, c a checkpoint, g a group. */
export type IdLetter = 'r' | 'j' | 'd' | 'c' | 'g';

/** A new random id: 36^10 possibilities, so that two never meet in one library. */
export function newId(letter: IdLetter): string {
  let id = `${letter}-`;
  for (let index = 0; index < 10; index += 1) id += digits.charAt(randomInt(digits.length));
  return id;
}
