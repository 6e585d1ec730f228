import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { elementCount } from '../../../../../shared/tensor.ts';
import { type GraphBuilder } from '../../graph/builder.ts';
import { type Value } from '../../graph/graph.ts';
import { broadcastShapes } from '../../graph/shapes.ts';
import { reshaped, sliced, slicedAlong } from '../../graph/shaping.ts';
import { axes, integers, listRecorder, normalAxes, type Recorder, recorder, required } from '../recorder.ts';

/** Parts of one axis, of these lengths. */
function parts(build: GraphBuilder, x: Value, axis: number, lengths: readonly number[]): Value[] {
  let start = 0;
  return lengths.map((length) => {
    const part = slicedAlong(build, x, axis, start, length);
    start += length;
    return part;
  });
}

const unpack = recorder(z.strictObject({ axis: z.int() }), ['value'], (build, [input], { axis }) => {
  const x = required(input);
  const [along = 0] = normalAxes(axis, x.shape);
  const shape = x.shape.filter((_, other) => other !== along);
  const ones = Array.from({ length: x.shape[along] ?? 0 }, () => 1);
  return parts(build, x, along, ones).map((part) => reshaped(build, part, shape));
});

const split = recorder(
  z.strictObject({ numOrSizeSplits: axes, axis: z.int() }),
  ['x'],
  (build, [input], { numOrSizeSplits, axis }) => {
    const x = required(input);
    const [along = 0] = normalAxes(axis, x.shape);
    const typed = { dataId: {}, shape: [...x.shape], dtype: x.dtype };
    return parts(build, x, along, tf.backend_util.prepareSplitSize(typed, numOrSizeSplits, along));
  },
);

const pack = listRecorder(z.strictObject({ axis: z.int() }), (build, inputs, { axis }) => {
  const shape = [...required(inputs[0]).shape];
  shape.splice(axis < 0 ? axis + shape.length + 1 : axis, 0, 1);
  const [along = 0] = normalAxes(axis, shape);
  const expanded = inputs.map((input) => reshaped(build, input, shape));
  return expanded.length === 1 ? required(expanded[0]) : build.apply({ type: 'Concat', axis: along }, ...expanded);
});

const concat = listRecorder(z.strictObject({ axis: z.int() }), (build, inputs, { axis }) => {
  const [along = 0] = normalAxes(axis, required(inputs[0]).shape);
  const filled = inputs.filter(({ shape }) => elementCount(shape) > 0);
  return filled.length === 1 ? required(filled[0]) : build.apply({ type: 'Concat', axis: along }, ...filled);
});

const pad = recorder(
  z.strictObject({ paddings: z.array(z.tuple([z.int(), z.int()])), constantValue: z.literal(0) }),
  ['x'],
  (build, inputs, { paddings }) =>
    build.node({ type: 'Pad', before: paddings.map(([n]) => n), after: paddings.map(([, n]) => n) }, inputs),
);

const tile = recorder(z.strictObject({ reps: integers }), ['x'], (build, [x], { reps }) =>
  build.apply({ type: 'Tile', repetitions: reps }, required(x)),
);

const reshape = recorder(z.strictObject({ shape: integers }), ['x'], (build, [x], { shape }) => {
  const value = required(x);
  return reshaped(build, value, tf.util.inferFromImplicitShape(shape, elementCount(value.shape)));
});

const expandDims = recorder(z.strictObject({ dim: z.int() }), ['input'], (build, [input], { dim }) => {
  const value = required(input);
  const shape = [...value.shape];
  shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
  return reshaped(build, value, shape);
});

const transpose = recorder(z.strictObject({ perm: integers }), ['x'], (build, [x], { perm }) => {
  const value = required(x);
  const same = perm.every((axis, place) => axis === place);
  return same ? value : build.apply({ type: 'Transpose', permutation: perm }, value);
});

const broadcastTo = recorder(
  z.strictObject({ shape: integers, inputShape: integers.optional() }),
  ['x'],
  (build, [x], { shape }) =>
    build.apply({ type: 'BroadcastTo', shape: broadcastShapes(required(x).shape, shape) }, required(x)),
);

const slice = recorder(z.strictObject({ begin: axes, size: axes.optional() }), ['x'], (build, [x], { begin, size }) => {
  const value = required(x);
  const starts = [begin].flat();
  const sizes = [size ?? []].flat();
  const from = value.shape.map((_, axis) => starts[axis] ?? 0);
  const lengths = value.shape.map((length, axis) => {
    const wanted = sizes[axis] ?? -1;
    return wanted < 0 ? length - (from[axis] ?? 0) : wanted;
  });
  return sliced(build, value, from, lengths);
});

export const layoutKernels: readonly [string, Recorder][] = [
  ['Reshape', reshape],
  ['ExpandDims', expandDims],
  ['Transpose', transpose],
  ['BroadcastTo', broadcastTo],
  ['Concat', concat],
  ['Pack', pack],
  ['Unpack', unpack],
  ['SplitV', split],
  ['Slice', slice],
  ['PadV2', pad],
  ['Tile', tile],
];
