/** Numbers with a buffer of their own, so that they can cross threads. */
export type Column = Float64Array<ArrayBuffer>;

/** Points of one metric: steps increase strictly. Both columns have the same length. */
export interface Points {
  steps: Column;
  values: Column;
}

/** Bins of consecutive points; columns of equal length. */
export interface Bins {
  firstSteps: Column;
  lastSteps: Column;
  /** Extremes without NaN; NaN where a bin holds nothing else. */
  min: Column;
  max: Column;
  last: Column;
}

/** Points to a full block: small enough that rewriting the open one at each ingest costs little. */
export const blockPoints = 512;
/** Levels kept for full blocks: bins of 2^4 … 2^9 points, the last one a bin for the whole block. */
export const lowestLevel = 4;
export const highestLevel = 9;

export const noPoints: Points = { steps: new Float64Array(0), values: new Float64Array(0) };

export function pointsOf(pairs: readonly (readonly [step: number, value: number])[]): Points {
  return {
    steps: Float64Array.from(pairs, ([step]) => step),
    values: Float64Array.from(pairs, ([, value]) => value),
  };
}

export function slicePoints(points: Points, begin: number, end: number): Points {
  return { steps: points.steps.slice(begin, end), values: points.values.slice(begin, end) };
}

export function joinPoints(parts: readonly Points[]): Points {
  return { steps: join(parts.map((part) => part.steps)), values: join(parts.map((part) => part.values)) };
}

export function joinBins(parts: readonly Bins[]): Bins {
  return {
    firstSteps: join(parts.map((part) => part.firstSteps)),
    lastSteps: join(parts.map((part) => part.lastSteps)),
    min: join(parts.map((part) => part.min)),
    max: join(parts.map((part) => part.max)),
    last: join(parts.map((part) => part.last)),
  };
}

function join(parts: readonly Column[]): Column {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

/** Index of the first step greater than `step`. */
export function firstAfter(steps: Column, step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(steps, middle) > step) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** An entry that is known to exist. */
export function at(array: Column, index: number): number {
  const value = array[index];
  if (value === undefined) throw new RangeError(`no entry ${index} among ${array.length}`);
  return value;
}

/** The smaller one, NaN counting as absent. */
export function smaller(left: number, right: number): number {
  if (Number.isNaN(left)) return right;
  return right < left ? right : left;
}

/** The larger one, NaN counting as absent. */
export function larger(left: number, right: number): number {
  if (Number.isNaN(left)) return right;
  return right > left ? right : left;
}

/** Bins of `width` points each, the last one with what is left. */
export function binPoints({ steps, values }: Points, width: number): Bins {
  return reduceBins({ firstSteps: steps, lastSteps: steps, min: values, max: values, last: values }, width, 0);
}

/** Merges bins by `factor`; `firstIndex` is the global index of the first one, so that merged bins lie on fixed borders. */
export function reduceBins(bins: Bins, factor: number, firstIndex: number): Bins {
  const count = bins.last.length;
  if (factor === 1 || count === 0) return bins;
  const group = (index: number) => Math.floor((firstIndex + index) / factor);
  const length = group(count - 1) - group(0) + 1;
  const column = () => new Float64Array(length).fill(Number.NaN);
  const reduced: Bins = {
    firstSteps: column(),
    lastSteps: column(),
    min: column(),
    max: column(),
    last: column(),
  };
  for (let index = 0; index < count; index += 1) {
    const to = group(index) - group(0);
    if (Number.isNaN(at(reduced.firstSteps, to))) reduced.firstSteps[to] = at(bins.firstSteps, index);
    reduced.lastSteps[to] = at(bins.lastSteps, index);
    reduced.min[to] = smaller(at(reduced.min, to), at(bins.min, index));
    reduced.max[to] = larger(at(reduced.max, to), at(bins.max, index));
    reduced.last[to] = at(bins.last, index);
  }
  return reduced;
}

/** Only the bins that touch the steps from `from` to `to`. */
export function clipBins(bins: Bins, from: number, to: number): Bins {
  const keep = (_: number, index: number) => at(bins.lastSteps, index) >= from && at(bins.firstSteps, index) <= to;
  return {
    firstSteps: bins.firstSteps.filter(keep),
    lastSteps: bins.lastSteps.filter(keep),
    min: bins.min.filter(keep),
    max: bins.max.filter(keep),
    last: bins.last.filter(keep),
  };
}

/** Float64, little-endian as every platform that Node runs on. */
export function encodeColumn(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

/** The reverse of `encodeColumn`. */
export function decodeColumn(bytes: Uint8Array): Column {
  // Copied: SQLite's buffers are not aligned to eight bytes.
  return new Float64Array(bytes.slice().buffer);
}

/** Steps at equal distances need no column: null is returned. */
export function encodeSteps(steps: Column): Uint8Array | null {
  if (steps.length < 2) return null;
  const stride = at(steps, 1) - at(steps, 0);
  const regular = steps.every((step, index) => step === at(steps, 0) + index * stride);
  return regular ? null : encodeColumn(steps);
}

/** The reverse of `encodeSteps`, which needs the block's number of points and its first and last step. */
export function decodeSteps(bytes: Uint8Array | null, points: number, first: number, last: number): Column {
  if (bytes !== null) return decodeColumn(bytes);
  const stride = points < 2 ? 0 : (last - first) / (points - 1);
  return Float64Array.from({ length: points }, (_, index) => first + index * stride);
}

/** The five columns one after the other. */
export function encodeBins(bins: Bins): Uint8Array {
  return encodeColumn(join([bins.firstSteps, bins.lastSteps, bins.min, bins.max, bins.last]));
}

export function decodeBins(bytes: Uint8Array): Bins {
  const all = decodeColumn(bytes);
  const count = all.length / 5;
  const column = (index: number) => all.subarray(index * count, (index + 1) * count);
  return { firstSteps: column(0), lastSteps: column(1), min: column(2), max: column(3), last: column(4) };
}
