/**
 * IEEE half precision and bfloat16 as bits. Rounding is to nearest, ties to even, subnormals, infinities and NaN included, as in
 * PyTorch and numpy.
 */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** The bits of the nearest half of a float32 value; values of 65520 and above become infinity, every NaN 0x7e00 with its sign. */
export function float16Bits(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: exponent bias 127 - 15 = 112; adding half an ulp less one, plus the last kept bit, rounds ties to even.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // 2^-25 and below is nearer to 0, or a tie with it.
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const half = 1 << (shift - 1);
  return sign | ((mantissa + half - 1 + ((mantissa >>> shift) & 1)) >>> shift);
}

let valueOfHalf: Float32Array | undefined;

/** All 65,536 halves as float32: a look-up is several times faster than taking bits apart. */
function halfTable(): Float32Array {
  if (valueOfHalf !== undefined) return valueOfHalf;
  const table = new Float32Array(0x10000);
  for (let bits = 0; bits < 0x10000; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >>> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) table[bits] = fraction === 0 ? sign * Infinity : NaN;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  valueOfHalf = table;
  return table;
}

/** The value of the bits of an IEEE half. */
export function float16Value(bits: number): number {
  return halfTable()[bits] ?? NaN;
}

/** Bits of the nearest halves, as `float16Bits` gives them. */
export function float16FromFloat32(values: Float32Array): Uint16Array<ArrayBuffer> {
  const result = new Uint16Array(values.length);
  for (let index = 0; index < values.length; index++) result[index] = float16Bits(values[index] ?? 0);
  return result;
}

/** Exact: every half is a float32. */
export function float32FromFloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const table = halfTable();
  const result = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) result[index] = table[bits[index] ?? 0] ?? NaN;
  return result;
}

/** bfloat16 is the upper half of a float32: exact. */
export function float32FromBfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(bits.length);
  const words = new Uint32Array(result.buffer);
  for (let index = 0; index < bits.length; index++) words[index] = (bits[index] ?? 0) << 16;
  return result;
}
