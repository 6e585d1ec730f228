import { type GraphBuilder } from './builder.ts';
import { type Value } from './graph.ts';
import { sameShape } from './shapes.ts';

/** `x` with another shape of as many entries. */
export function reshaped(build: GraphBuilder, x: Value, shape: readonly number[]): Value {
  return sameShape(x.shape, shape) ? x : build.apply({ type: 'Reshape', shape }, x);
}

/** A part of `x`. */
export function sliced(build: GraphBuilder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  const whole = sameShape(x.shape, size) && begin.every((start) => start === 0);
  return whole ? x : build.apply({ type: 'Slice', begin, size }, x);
}

/** Entries `start` up to `start + length` of one axis. */
export function slicedAlong(build: GraphBuilder, x: Value, axis: number, start: number, length: number): Value {
  const begin = x.shape.map((_, other) => (other === axis ? start : 0));
  return sliced(
    build,
    x,
    begin,
    x.shape.map((size, other) => (other === axis ? length : size)),
  );
}
