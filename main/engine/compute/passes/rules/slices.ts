import { type Value } from '../../graph/graph.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { sameShape } from '../../graph/shapes.ts';
import { reshaped, sliced } from '../../graph/shaping.ts';
import { anyOf, cutOf, isCallOf, joined, madeBy } from './patterns.ts';
import { padsToConcat } from './pads.ts';

const sliceOfSlice: Rule = (call, { build }) => {
  if (!isCallOf(call, 'Slice')) return undefined;
  const inner = madeBy(call.inputs[0], 'Slice');
  const [x] = inner?.inputs ?? [];
  if (inner === undefined || x === undefined) return undefined;
  const begin = call.operation.begin.map((start, axis) => start + (inner.operation.begin[axis] ?? 0));
  return [sliced(build, x, begin, call.operation.size)];
};

/** A part of one of the values that were joined. */
const sliceOfConcat: Rule = (call, { build }) => {
  if (!isCallOf(call, 'Slice')) return undefined;
  const concat = madeBy(call.inputs[0], 'Concat');
  if (concat === undefined) return undefined;
  const { begin, size } = call.operation;
  const { axis } = concat.operation;
  let start = begin[axis] ?? 0;
  for (const part of concat.inputs) {
    const length = part.shape[axis] ?? 0;
    if (start < length) {
      if (start + (size[axis] ?? 0) > length) return undefined;
      const inside = begin.map((first, other) => (other === axis ? start : first));
      return [sliced(build, part, inside, size)];
    }
    start -= length;
  }
  return undefined;
};

const isLong = (size: number) => size !== 1;

/** Where a reshape only adds or drops axes of one entry, slicing may come first, so that slices meet. */
const sliceOfReshape: Rule = (call, { build }) => {
  if (!isCallOf(call, 'Slice')) return undefined;
  const [reshaping] = call.inputs;
  const [x] = madeBy(reshaping, 'Reshape')?.inputs ?? [];
  if (reshaping === undefined || x === undefined || madeBy(x, 'Slice') === undefined) return undefined;
  if (!sameShape(x.shape.filter(isLong), reshaping.shape.filter(isLong))) return undefined;
  const cuts = reshaping.shape.flatMap((size, axis) =>
    isLong(size) ? [{ begin: call.operation.begin[axis] ?? 0, size: call.operation.size[axis] ?? size }] : [],
  );
  const all = x.shape.map((size) => (isLong(size) ? cuts.shift() : undefined) ?? { begin: 0, size: 1 });
  const part = sliced(
    build,
    x,
    all.map(({ begin }) => begin),
    all.map(({ size }) => size),
  );
  return [reshaped(build, part, call.operation.size)];
};

/** A slice along one axis of `axis`, with where it starts. */
function sliceAlong(value: Value | undefined, axis: number): { x: Value; start: number; end: number } | undefined {
  const slice = madeBy(value, 'Slice');
  const [x] = slice?.inputs ?? [];
  const cut = slice && cutOf(slice);
  if (x === undefined || slice === undefined || cut?.axis !== axis) return undefined;
  return { x, start: cut.start, end: cut.start + (slice.operation.size[axis] ?? 0) };
}

/** Neighbouring slices of one value join to a greater one, or to the value. */
const concatOfSlices: Rule = (call, { build }) => {
  if (!isCallOf(call, 'Concat')) return undefined;
  const { axis } = call.operation;
  const parts: Value[] = [];
  for (const part of call.inputs) {
    const [left, right] = [sliceAlong(parts.at(-1), axis), sliceAlong(part, axis)];
    if (left !== undefined && right !== undefined && left.x === right.x && left.end === right.start) {
      const from = (values: readonly number[], at: number) => values.map((size, other) => (other === axis ? at : size));
      const zeros = left.x.shape.map(() => 0);
      parts.pop();
      parts.push(sliced(build, left.x, from(zeros, left.start), from(left.x.shape, right.end - left.start)));
    } else parts.push(part);
  }
  return parts.length === call.inputs.length && parts.length > 1 ? undefined : [joined(build, parts, axis)];
};

export const sliceRules = anyOf(sliceOfSlice, sliceOfConcat, sliceOfReshape, concatOfSlices, padsToConcat);
