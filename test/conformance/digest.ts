import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type FixtureSet } from './fixtureSet.ts';
import { deviationOf, magnitude, numbersOf, readJson } from './numbers.ts';

/** What stands for a tensor that is too big to keep. */
const digestSchema = z.object({
  shape: z.array(z.number()),
  l2: z.number(),
  sum: z.number().optional(),
  absmax: z.number().optional(),
  idx: z.array(z.number()),
  val: z.array(z.number()),
});
export type Digest = z.infer<typeof digestSchema>;

export const digestsSchema = z.record(z.string(), z.record(z.string(), digestSchema));
export type Digests = z.infer<typeof digestsSchema>;

export function readDigests(set: FixtureSet): Digests {
  const path = join(set.directory, 'digest.json');
  return existsSync(path) ? digestsSchema.parse(readJson(path)) : {};
}

function sums(values: ArrayLike<number>): { l2: number; sum: number } {
  let squares = 0;
  let sum = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN;
    squares += value * value;
    sum += value;
  }
  return { l2: Math.sqrt(squares), sum };
}

/**
 * The largest share of its bound that any figure of a digest deviates by: sampled entries and the largest magnitude by the bound of
 * an entry, sum and norm by what that bound implies for all entries together.
 * @param allowance what single entries may deviate beyond `bound`.
 */
export function digestShare(
  digest: Digest,
  values: ArrayLike<number>,
  bound: number,
  allowance: Float64Array = new Float64Array(values.length),
): number {
  if (values.length !== digest.shape.reduce((product, size) => product * size, 1)) return Infinity;
  const { l2, sum } = sums(values);
  const allowed = sums(allowance);
  const count = values.length;
  const sampled = digest.idx.map((index) => values[index] ?? Number.NaN);
  const shares = [
    deviationOf(
      sampled,
      digest.val,
      Float64Array.from(digest.idx, (index) => allowance[index] ?? 0),
    ) / bound,
    Math.abs(l2 - digest.l2) / (Math.sqrt(count) * bound + allowed.l2),
    digest.sum === undefined ? 0 : Math.abs(sum - digest.sum) / (count * bound + allowed.sum),
    digest.absmax === undefined ? 0 : Math.abs(magnitude(values) - digest.absmax) / (bound + magnitude(allowance)),
  ];
  return shares.some((share) => Number.isNaN(share)) ? Infinity : Math.max(...shares);
}

/** Every file against its own digest: neither may have changed since both were made. */
export function checkFilesAgainstDigests(set: FixtureSet, digests: Digests): void {
  for (const [file, entries] of Object.entries(digests)) {
    if (!set.has(file)) continue;
    const names = new Set([...Object.keys(entries), ...set.tensors(file).keys()]);
    for (const name of names) {
      const entry = entries[name];
      const tensor = set.tensors(file).get(name);
      const group = `${set.name}/${file}`;
      if (entry === undefined || tensor === undefined) {
        set.report.fail(`${group} ${name}`, 'is in only one of the file and its digest');
        continue;
      }
      const values = numbersOf(tensor);
      // Digests were summed in another order than here.
      const share = digestShare(entry, values, 1e-9 * magnitude(values) + 1e-30);
      set.report.check(
        group,
        `${name} recorded digest`,
        share,
        1,
        'share of 1e-9 of the magnitude, file against digest',
      );
      if (file === 'weights_init') set.markJudged(file, name);
    }
  }
}
