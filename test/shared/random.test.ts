import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philoxBlock, preciseUniforms, randomWords, uniforms, type Counter, type Key } from '../../shared/random.ts';

/** Known answers of Random123's own test vectors (philox 4x32, 10 rounds). */
const knownAnswers: readonly { counter: Counter; key: Key; words: readonly number[] }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

describe('philox', () => {
  it.each(knownAnswers)('gives the published words for counter $counter', ({ counter, key, words }) => {
    const out = new Uint32Array(4);
    philoxBlock(counter, key, out);
    expect([...out]).toEqual(words);
  });

  it('gives a prefix that does not depend on how much is drawn', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(9), fc.nat(40), fc.nat(40), (seed, step, site, few, more) => {
        expect(randomWords(seed, step, site, few + more).slice(0, few)).toEqual(randomWords(seed, step, site, few));
      }),
    );
  });

  it('gives other words for another seed, step (above 2^32 too) or site', () => {
    const words = [
      randomWords(1, 1, 1, 8),
      randomWords(2, 1, 1, 8),
      randomWords(1, 2, 1, 8),
      randomWords(1, 1 + 2 ** 32, 1, 8),
      randomWords(1, 1, 2, 8),
    ].map((row) => [...row].join());
    expect(new Set(words).size).toBe(words.length);
  });
});

describe('uniforms', () => {
  it('stay in [0, 1), with the mean and variance of a uniform', () => {
    for (const values of [uniforms(3, 5, 1, 100_000), preciseUniforms(3, 5, 1, 100_000)]) {
      const list = Array.from(values);
      const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
      const variance = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length;
      expect(Math.min(...list.slice(0, 10_000))).toBeGreaterThanOrEqual(0);
      expect(list.every((value) => value >= 0 && value < 1)).toBe(true);
      expect(mean).toBeCloseTo(0.5, 2);
      expect(variance).toBeCloseTo(1 / 12, 3);
    }
  });
});
