import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  float16Bits,
  float16FromFloat32,
  float16Value,
  float32FromBfloat16,
  float32FromFloat16,
} from '../../../main/formats/float16.ts';

/** The nearest half by search over all of them: slow, but written without any bit trick. */
function nearestByDefinition(value: number): number {
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  // Rounding treats infinity as the number that would follow 65504.
  const of = (bits: number): number => (bits === 0x7c00 ? 65536 : float16Value(bits));
  let low = 0;
  let high = 0x7c00;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (of(middle) <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - of(low);
  const above = of(high) - magnitude;
  if (below < above || (below === above && low % 2 === 0)) return sign | low;
  return sign | high;
}

test('every half survives the way to float32 and back', () => {
  const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
  const back = float16FromFloat32(float32FromFloat16(all));
  for (let bits = 0; bits < 0x10000; bits++) {
    const isNaN = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
    if (isNaN) expect(float16Value(back[bits] ?? 0)).toBeNaN();
    else if (back[bits] !== bits) expect(back[bits]).toBe(bits);
  }
});

test('known values', () => {
  const cases: [number, number][] = [
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99609375, 0x7bff],
    [65520, 0x7c00],
    [1e30, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [1.5 * 2 ** -24, 0x0002],
    [2.5 * 2 ** -24, 0x0002],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2047.5 * 2 ** -25, 0x0400],
  ];
  for (const [value, bits] of cases) expect([value, float16Bits(value)]).toEqual([value, bits]);
  expect(float16Value(float16Bits(NaN))).toBeNaN();
});

test('rounding is to nearest, ties to even, for any float32', () => {
  const words = new Uint32Array(1);
  const asFloat = new Float32Array(words.buffer);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (bits) => {
      words[0] = bits;
      const value = asFloat[0] ?? 0;
      if (Number.isNaN(value)) expect(float16Value(float16Bits(value))).toBeNaN();
      else expect(float16Bits(value)).toBe(nearestByDefinition(value));
    }),
    { numRuns: 3000 },
  );
});

test('rounding is right on and beside every boundary between two halves', () => {
  const words = new Uint32Array(1);
  const asFloat = new Float32Array(words.buffer);
  let checked = 0;
  for (let bits = 0; bits < 0x7c00; bits += 3) {
    const boundary = (float16Value(bits) + (bits === 0x7bff ? 65536 : float16Value(bits + 1))) / 2;
    asFloat[0] = boundary;
    const word = words[0] ?? 0;
    for (const delta of [-1, 0, 1]) {
      words[0] = word + delta;
      const value = asFloat[0];
      if (float16Bits(value) !== nearestByDefinition(value)) expect(value).toBe('rounded correctly');
      checked += 1;
    }
  }
  expect(checked).toBeGreaterThan(30_000);
});

test('bfloat16 is the upper half of a float32', () => {
  const values = float32FromBfloat16(Uint16Array.of(0x3f80, 0xc040, 0x7f80, 0x0001));
  expect([...values]).toEqual([1, -3, Infinity, 2 ** -133]);
});
