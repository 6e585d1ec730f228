import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { preciseLog } from '../../../main/sim/preciseLog.ts';
import { RandomState } from '../../../main/sim/randomState.ts';

const numbers = z.array(z.number());
/** Drawn by numpy 2.4.6 from RandomState(seed), in the order of these keys; `uniform2000` alone from a fresh one. */
const answersSchema = z.record(
  z.string(),
  z.object({
    uniform: numbers,
    vector: numbers,
    normals: numbers,
    uniformBetween: z.number(),
    spare: z.number(),
    randn: numbers,
    uniform2000: z.number(),
  }),
);
const answers = answersSchema.parse(
  JSON.parse(readFileSync(new URL('../../fixtures/sim/randomState.json', import.meta.url), 'utf8')),
);

describe.each(Object.entries(answers))('RandomState(%s)', (seed, expected) => {
  test('draws what numpy draws, uniforms between the two normals of a pair', () => {
    const random = new RandomState(Number(seed));
    expect([1, 2, 3].map(() => random.uniform(-Math.PI, Math.PI))).toEqual(expected.uniform);
    expect(random.uniformVector([-0.2, 1], [0.2, 4])).toEqual(expected.vector);
    expect(random.normals(3)).toEqual(expected.normals);
    expect(random.uniform(0, 1)).toBe(expected.uniformBetween);
    expect(random.normal()).toBe(expected.spare);
    expect(random.normals(2)).toEqual(expected.randn);
  });

  test('goes on so beyond the first fill of its state', () => {
    const random = new RandomState(Number(seed));
    for (let draw = 0; draw < 1999; draw++) random.random();
    expect(random.random()).toBe(expected.uniform2000);
  });
});

it('refuses a seed that numpy refuses', () => {
  for (const seed of [-1, 0.5, 2 ** 32, NaN]) expect(() => new RandomState(seed)).toThrow(RangeError);
});

it('stays between the bounds', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (seed, low, width) => {
        const draw = new RandomState(seed).uniform(low, low + width);
        return draw >= low && draw <= low + width;
      },
    ),
  );
});

describe('preciseLog', () => {
  it('is within one last place of Math.log, and exact at 1', () => {
    expect(preciseLog(1)).toBe(0);
    fc.assert(
      fc.property(fc.double({ min: 2 ** -1022, max: Number.MAX_VALUE, noNaN: true }), (x) => {
        const usual = Math.log(x);
        return Math.abs(preciseLog(x) - usual) <= 2 ** -52 * Math.abs(usual);
      }),
    );
  });

  it('gives the nearest double where Math.log does not', () => {
    // Nearest doubles to logarithms computed with 60 digits (mpmath).
    expect(preciseLog(0.0013232487716835456)).toBe(-6.627665375483894);
    expect(preciseLog(0.0016540609646044319)).toBe(-6.404521824169685);
    expect(preciseLog(0.0058443487416023265)).toBe(-5.142280111719773);
  });

  it('refuses what has no logarithm', () => {
    for (const x of [0, -1, Infinity, NaN]) expect(() => preciseLog(x)).toThrow(RangeError);
  });
});
