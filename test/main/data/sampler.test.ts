import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeManifest, type Manifest } from '../../../main/data/manifest.ts';
import { WindowSampler, type SamplerOptions } from '../../../main/data/sampler.ts';
import { failure } from './support.ts';

function manifest(segments: readonly (readonly [task: number, episodes: number])[], episodeLength = 501): Manifest {
  return makeManifest(
    episodeLength,
    segments.map(([task, episodes], index) => ({
      sha256: index.toString(16).padStart(64, '0'),
      task,
      episodes,
      bytes: 1,
    })),
  );
}

const options: SamplerOptions = { seed: 1, batchSize: 256, horizon: 3, validationEpisodes: 0 };

/** Pearson's statistic of counts against equal shares, as a z score of its chi-square distribution. */
function surprise(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const share = total / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - share) ** 2 / share, 0);
  const freedom = counts.length - 1;
  return (statistic - freedom) / Math.sqrt(2 * freedom);
}

describe('WindowSampler', () => {
  it('draws every episode and every start alike (chi-square, fixed seed)', () => {
    const sampler = new WindowSampler(manifest([[0, 20], [3, 7], [3, 20], [29, 3]]), options); // prettier-ignore
    const offsets = [0, 20, 27, 47];
    const episodes = new Array<number>(50).fill(0);
    const starts = new Array<number>(498).fill(0);
    for (let step = 1; step <= 800; step++) {
      const windows = sampler.windows(step);
      for (let index = 0; index < windows.count; index++) {
        const episode = (offsets[windows.segment[index] ?? 0] ?? 0) + (windows.episode[index] ?? 0);
        episodes[episode] = (episodes[episode] ?? 0) + 1;
        const start = windows.start[index] ?? 0;
        starts[start] = (starts[start] ?? 0) + 1;
      }
    }
    expect(episodes).toHaveLength(50);
    expect(starts).toHaveLength(498);
    expect(Math.abs(surprise(episodes))).toBeLessThan(4);
    expect(Math.abs(surprise(starts))).toBeLessThan(4);
    expect(surprise([...starts.slice(0, 497), 0])).toBeGreaterThan(4);
  });

  it('depends on seed and step alone', () => {
    const data = manifest([[0, 20], [3, 7]]); // prettier-ignore
    const straight = new WindowSampler(data, options);
    for (let step = 0; step < 10; step++) straight.windows(step);
    const later = new WindowSampler(data, options);
    expect(later.windows(7)).toEqual(straight.windows(7));
    expect(later.windows(8)).not.toEqual(straight.windows(7));
    expect(new WindowSampler(data, { ...options, seed: 2 }).windows(7)).not.toEqual(straight.windows(7));
  });

  it('holds out the last episodes of each task and draws all the others', () => {
    const segment = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), fc.nat(6), fc.nat(), (segments, held, seed) => {
        const data = manifest(segments, 6);
        const episodesOf = (task: number): number =>
          data.segments.filter((entry) => entry.task === task).reduce((sum, entry) => sum + entry.episodes, 0);
        fc.pre(data.segments.every(({ task }) => episodesOf(task) > held));
        const sampler = new WindowSampler(data, { ...options, seed, validationEpisodes: held });
        const drawn = new Set<string>();
        for (let step = 1; step <= 12; step++) {
          const windows = sampler.windows(step);
          for (let index = 0; index < windows.count; index++) {
            expect(windows.task[index]).toBe(data.segments[windows.segment[index] ?? -1]?.task);
            expect(windows.start[index]).toBeLessThan(3);
            drawn.add(`${windows.segment[index]}:${windows.episode[index]}`);
          }
        }
        const expected = new Set<string>();
        for (const task of new Set(data.segments.map((entry) => entry.task))) {
          const all = [...data.segments.entries()]
            .filter(([, entry]) => entry.task === task)
            .flatMap(([index, { episodes }]) => Array.from({ length: episodes }, (_, row) => `${index}:${row}`));
          for (const place of all.slice(0, all.length - held)) expected.add(place);
        }
        expect(drawn).toEqual(expected);
        const heldOut = sampler.heldOut.reduce((sum, range) => sum + range.end - range.first, 0);
        expect(sampler.episodes + heldOut).toBe(data.segments.reduce((sum, { episodes }) => sum + episodes, 0));
      }),
      { numRuns: 40 },
    );
  });

  it('refuses what leaves nothing to draw', async () => {
    const held = await failure(() => new WindowSampler(manifest([[3, 5]]), { ...options, validationEpisodes: 5 }));
    expect(held.code).toBe('CONFIG_INVALID');
    expect(held.detail).toContain('cheetah-run');
    const long = await failure(() => new WindowSampler(manifest([[3, 5]], 4), { ...options, horizon: 4 }));
    expect(long.code).toBe('CONFIG_INVALID');
    expect(new WindowSampler(manifest([[3, 5]], 4), options).windows(1).start).toEqual(new Int32Array(256));
  });
});
