import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError, decode, encode } from '../../shared/codec.ts';

const typedArrays = fc.oneof(
  fc.int8Array(),
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
);
const keys = fc.oneof(
  fc.string(),
  fc.constantFrom('$', '$$', '$number', '$$number', '$Float32Array', '__proto__', 'constructor', 'toJSON', '0', ''),
);
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.double(),
      fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, Number.MIN_VALUE, Number.MAX_VALUE),
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constant(null),
      typedArrays,
    ),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(keys, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries) as unknown),
  ),
}));

/** Object.is for leaves, same keys in the same order, same kind of array: stricter than a matcher's equality. */
function same(left: unknown, right: unknown): boolean {
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null)
    return Object.is(left, right);
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  const leftKeys = Object.keys(left);
  const rightKeys = Object.keys(right);
  return (
    leftKeys.length === rightKeys.length &&
    leftKeys.every(
      (key, index) =>
        key === rightKeys[index] &&
        same(Object.getOwnPropertyDescriptor(left, key)?.value, Object.getOwnPropertyDescriptor(right, key)?.value),
    )
  );
}

describe('codec', () => {
  it('gives back every value, bit for bit, on one line', () => {
    fc.assert(
      fc.property(values, (value) => {
        const text = encode(value);
        expect(text).not.toMatch(/[\n\r]/);
        expect(same(decode(text), value)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('is plain JSON where JSON suffices', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        fc.pre(!JSON.stringify(plain).includes('"$') && !hasNegativeZero(value));
        expect(encode(plain)).toBe(JSON.stringify(plain));
      }),
    );
  });

  it('does not take a user object for a marker', () => {
    for (const value of [{ $number: 'NaN' }, { $$number: 'NaN' }, { $Float32Array: '' }, { a: 1, $number: 'NaN' }])
      expect(decode(encode(value))).toStrictEqual(value);
  });

  it('keeps a view, not the whole buffer behind it', () => {
    const view = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    expect(decode(encode(view))).toStrictEqual(new Float32Array([2, 3]));
    expect(decode(encode(Buffer.from([7, 8])))).toStrictEqual(new Uint8Array([7, 8]));
  });

  it('carries large arrays', () => {
    const values = new Float64Array(300_001).map((_, index) => Math.sin(index));
    expect(same(decode(encode({ values })), { values })).toBe(true);
  });

  it('pollutes no prototype', () => {
    const decoded = decode(
      '{"__proto__": {"polluted": true}, "a": {"constructor": {"prototype": {"polluted": true}}}}',
    );
    expect(Object.hasOwn(decoded as object, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(Reflect.get(decoded as object, 'polluted')).toBeUndefined();
  });

  it('leaves out undefined properties and refuses what would be lost', () => {
    expect(decode(encode({ a: undefined, b: 1 }))).toStrictEqual({ b: 1 });
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const lost = [
      undefined,
      [undefined],
      1n,
      Symbol('a'),
      () => 1,
      new Map(),
      new Date(0),
      new DataView(new ArrayBuffer(1)),
    ];
    for (const value of [...lost, new ArrayBuffer(1), new Error('a'), cycle])
      expect(() => encode(value)).toThrow(CodecError);
  });

  it('refuses texts that nobody encoded', () => {
    const texts = ['', '{', 'NaN', '{"$number":"1"}', '{"$number":1}', '{"$number":"toString"}', '{"$Map":""}'];
    const more = [
      '{"$Float32Array":"AAAA"}',
      '{"$Uint8Array":"*"}',
      '{"$number":"NaN","a":1}',
      '{"a":1,"$number":"NaN"}',
    ];
    for (const text of [...texts, ...more, '['.repeat(100_000) + ']'.repeat(100_000)])
      expect(() => decode(text), text.slice(0, 30)).toThrow(CodecError);
  });

  it('refuses arbitrary text with nothing but a CodecError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          values.map(encode).map((text) => text.slice(1)),
        ),
        (text) => {
          try {
            decode(text);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(CodecError);
          }
        },
      ),
    );
  });
});

function hasNegativeZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasNegativeZero);
  return Object.is(value, -0);
}
