const fractionBits = 192n;
const one = 1n << fractionBits;
const ln2 = naturalLogOfFixed(2n * one);

/**
 * The natural logarithm of a positive normal double, correctly rounded.
 * `Math.log` is off by one unit in the last place for some arguments, which would make normal draws, and with them
 * initial states, differ from numpy's in 3 of 100 cases; the C library behind numpy rounds correctly in all but 3 of
 * 10,000.
 */
export function preciseLog(x: number): number {
  if (!(x >= 2 ** -1022 && x < Infinity)) throw new RangeError(`no logarithm of ${x}`);
  let exponent = 0;
  let mantissa = x;
  while (mantissa < 1) {
    mantissa *= 2;
    exponent--;
  }
  while (mantissa >= 2) {
    mantissa /= 2;
    exponent++;
  }
  const fixed = BigInt(mantissa * 2 ** 52) << (fractionBits - 52n);
  return fixedToNumber(naturalLogOfFixed(fixed) + BigInt(exponent) * ln2);
}

/** log m = 2 artanh((m - 1) / (m + 1)), in fixed point. */
function naturalLogOfFixed(m: bigint): bigint {
  const quotient = ((m - one) << fractionBits) / (m + one);
  const square = (quotient * quotient) >> fractionBits;
  let sum = 0n;
  let power = quotient;
  for (let odd = 1n; power !== 0n; odd += 2n) {
    sum += power / odd;
    power = (power * square) >> fractionBits;
  }
  return 2n * sum;
}

/** Number() of a bigint rounds to the nearest double; dividing by powers of two then changes nothing. */
function fixedToNumber(value: bigint): number {
  return Number(value) / 2 ** Number(fractionBits);
}
