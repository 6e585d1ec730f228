import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { elementCount } from '../../../../shared/tensor.ts';
import { type GraphBuilder } from '../graph/builder.ts';
import { uniformOf, type Value } from '../graph/graph.ts';
import { type Operation, type ReductionType } from '../graph/operations.ts';
import { broadcastShapes, sameShape } from '../graph/shapes.ts';

/** Records one TF.js kernel: its inputs by name, its attributes unchecked. */
export type Recorder = (
  build: GraphBuilder,
  inputs: Readonly<Record<string, Value>>,
  attributes: unknown,
) => readonly Value[];

const noAttributes = z.strictObject({});
const integers = z.array(z.int());
const axes = z.union([z.int(), integers]);

/** A kernel whose attributes must be exactly these: one that is not known could change what is computed. */
function recorder<Attributes>(
  schema: z.ZodType<Attributes>,
  names: readonly string[],
  record: (build: GraphBuilder, inputs: Value[], attributes: Attributes) => Value | readonly Value[],
): Recorder {
  return (build, inputs, attributes) => {
    const unknown = Object.keys(inputs).filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new RangeError(`unknown input ${unknown.join(', ')}`);
    const ordered = names.map((name) => {
      const value = inputs[name];
      if (value === undefined) throw new RangeError(`input ${name} is missing`);
      return value;
    });
    // An attribute that is present as undefined is absent.
    const given = Object.fromEntries(
      Object.entries(z.record(z.string(), z.unknown()).parse(attributes ?? {})).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const result = record(build, ordered, schema.parse(given));
    return isValues(result) ? result : [result];
  };
}

function isValues(result: Value | readonly Value[]): result is readonly Value[] {
  return Array.isArray(result);
}

/** A kernel with any number of inputs, named "0", "1", ... */
function listRecorder<Attributes>(
  schema: z.ZodType<Attributes>,
  record: (build: GraphBuilder, inputs: Value[], attributes: Attributes) => Value,
): Recorder {
  return (build, inputs, attributes) => {
    const ordered = Object.keys(inputs).map((_, index) => {
      const value = inputs[String(index)];
      if (value === undefined) throw new RangeError(`input ${index} is missing`);
      return value;
    });
    return [record(build, ordered, schema.parse(attributes ?? {}))];
  };
}

function single(operation: Operation, names: readonly string[]): Recorder {
  return recorder(noAttributes, names, (build, inputs) => build.node(operation, inputs));
}

const unary = (operation: Operation) => single(operation, ['x']);
const binary = (operation: Operation) => single(operation, ['a', 'b']);

/** Axes as numbers from 0; all of them where none is named. */
function normalAxes(axis: number | number[] | null | undefined, shape: readonly number[]): number[] {
  return tf.util.parseAxisParam(axis ?? shape.map((_, index) => index), [...shape]);
}

const reduced = axes.nullish();

/** Kernels name what a reduction goes over in one of two ways. */
const reductionAttributes = z.union([
  z.strictObject({ axis: reduced, keepDims: z.boolean().optional() }),
  z
    .strictObject({ reductionIndices: reduced, keepDims: z.boolean().optional() })
    .transform(({ reductionIndices, keepDims }) => ({ axis: reductionIndices, keepDims })),
]);

function reduction(type: ReductionType): Recorder {
  return recorder(reductionAttributes, ['x'], (build, [x], { axis, keepDims = false }) => {
    const value = required(x);
    const along = normalAxes(axis, value.shape);
    return along.length === 0 ? value : build.apply({ type, axes: along, keepDims }, value);
  });
}

function required(value: Value | undefined): Value {
  if (value === undefined) throw new RangeError('an input is missing');
  return value;
}

function reshaped(build: GraphBuilder, x: Value, shape: readonly number[]): Value {
  return sameShape(x.shape, shape) ? x : build.apply({ type: 'Reshape', shape }, x);
}

function sliced(build: GraphBuilder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  return sameShape(x.shape, size) ? x : build.apply({ type: 'Slice', begin, size }, x);
}

/** Parts of one axis, of these lengths. */
function parts(build: GraphBuilder, x: Value, axis: number, lengths: readonly number[]): Value[] {
  let start = 0;
  return lengths.map((length) => {
    const begin = x.shape.map((_, other) => (other === axis ? start : 0));
    start += length;
    return sliced(
      build,
      x,
      begin,
      x.shape.map((size, other) => (other === axis ? length : size)),
    );
  });
}

const dtype = z.enum(['float32', 'int32', 'bool']);

const cast = recorder(z.strictObject({ dtype }), ['x'], (build, [x], { dtype: wanted }) => {
  const value = required(x);
  return value.dtype === wanted ? value : build.apply({ type: 'Cast', dtype: wanted }, value);
});

const select = recorder(noAttributes, ['condition', 't', 'e'], (build, inputs) =>
  build.node({ type: 'Select' }, inputs),
);

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
    const size = x.shape[along] ?? 0;
    const lengths = Array.isArray(numOrSizeSplits)
      ? numOrSizeSplits
      : Array.from({ length: numOrSizeSplits }, () => size / numOrSizeSplits);
    return parts(build, x, along, lengths);
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

const gather = recorder(
  z.strictObject({ axis: z.int(), batchDims: z.literal(0) }),
  ['x', 'indices'],
  (build, [x, indices], { axis }) => {
    const [along = 0] = normalAxes(axis, required(x).shape);
    return build.apply({ type: 'Gather', axis: along }, required(x), required(indices));
  },
);

const oneHot = recorder(
  z.strictObject({ depth: z.int(), onValue: z.literal(1), offValue: z.literal(0), dtype: dtype.optional() }),
  ['indices'],
  (build, [indices], { depth, dtype: wanted = 'int32' }) => {
    const hot = build.apply({ type: 'OneHot', depth }, required(indices));
    return wanted === 'float32' ? hot : build.apply({ type: 'Cast', dtype: wanted }, hot);
  },
);

const topK = recorder(z.strictObject({ k: z.int(), sorted: z.literal(true) }), ['x'], (build, inputs, { k }) =>
  build.node({ type: 'TopK', k }, inputs),
);

const matMul = recorder(
  z.strictObject({ transposeA: z.boolean(), transposeB: z.boolean() }),
  ['a', 'b'],
  (build, inputs, { transposeA, transposeB }) => build.node({ type: 'MatMul', transposeA, transposeB }, inputs),
);

const filling = z.strictObject({ shape: integers, value: z.number(), dtype: dtype.optional() });
const ranging = z.strictObject({ start: z.number(), stop: z.number(), step: z.number(), dtype: dtype.optional() });

const adam = recorder(
  z.strictObject({ beta1: z.number(), beta2: z.number(), epsilon: z.number() }),
  ['parameter', 'expAvg', 'expAvgSq', 'gradient', 'factor', 'stepSize', 'inverseCorrection'],
  (build, inputs, attributes) => build.node({ type: 'Adam', ...attributes }, inputs),
);

/** Every TF.js kernel that can be recorded, by its name. */
export const recorders: ReadonlyMap<string, Recorder> = new Map<string, Recorder>([
  ...(
    ['Neg', 'Abs', 'Sign', 'Exp', 'Log', 'Sqrt', 'Rsqrt', 'Square', 'Reciprocal', 'Tanh', 'Sigmoid', 'Relu'] as const
  ).map((type): [string, Recorder] => [type, unary({ type })]),
  ...(
    ['Maximum', 'Minimum', 'Sub', 'Add', 'SquaredDifference', 'Greater', 'GreaterEqual', 'Less', 'LessEqual'] as const
  ).map((type): [string, Recorder] => [type, binary({ type })]),
  ...(['Equal', 'NotEqual', 'LogicalAnd', 'LogicalOr'] as const).map((type): [string, Recorder] => [
    type,
    binary({ type }),
  ]),
  ['Multiply', binary({ type: 'Mul' })],
  ['RealDiv', binary({ type: 'Div' })],
  ['LogicalNot', unary({ type: 'LogicalNot' })],
  ['IsNan', unary({ type: 'IsNan' })],
  ['Identity', recorder(noAttributes, ['x'], (_, [x]) => required(x))],
  [
    'Step',
    recorder(z.strictObject({ alpha: z.number() }), ['x'], (build, inputs, { alpha }) =>
      build.node({ type: 'Step', alpha }, inputs),
    ),
  ],
  [
    'ClipByValue',
    recorder(
      z.strictObject({ clipValueMin: z.number(), clipValueMax: z.number() }),
      ['x'],
      (build, inputs, { clipValueMin, clipValueMax }) =>
        build.node({ type: 'Clip', minimum: clipValueMin, maximum: clipValueMax }, inputs),
    ),
  ],
  [
    'Softmax',
    recorder(z.strictObject({ dim: z.int() }), ['logits'], (build, [logits], { dim }) => {
      const value = required(logits);
      if (normalAxes(dim, value.shape)[0] !== value.shape.length - 1)
        throw new RangeError('softmax of another axis than the last');
      return build.apply({ type: 'Softmax' }, value);
    }),
  ],
  [
    'LogSoftmax',
    recorder(z.strictObject({ axis: z.int() }), ['logits'], (build, [logits], { axis }) => {
      const value = required(logits);
      if (normalAxes(axis, value.shape)[0] !== value.shape.length - 1)
        throw new RangeError('log-softmax of another axis than the last');
      return build.apply({ type: 'LogSoftmax' }, value);
    }),
  ],
  ['Cast', cast],
  ['Select', select],
  ['Sum', reduction('Sum')],
  ['Mean', reduction('Mean')],
  ['Max', reduction('Max')],
  ['Min', reduction('Min')],
  [
    'Reshape',
    recorder(z.strictObject({ shape: integers }), ['x'], (build, [x], { shape }) => {
      const value = required(x);
      return reshaped(build, value, tf.util.inferFromImplicitShape(shape, elementCount(value.shape)));
    }),
  ],
  [
    'ExpandDims',
    recorder(z.strictObject({ dim: z.int() }), ['input'], (build, [input], { dim }) => {
      const value = required(input);
      const shape = [...value.shape];
      shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
      return reshaped(build, value, shape);
    }),
  ],
  [
    'Transpose',
    recorder(z.strictObject({ perm: integers }), ['x'], (build, [x], { perm }) => {
      const value = required(x);
      return perm.every((axis, place) => axis === place)
        ? value
        : build.apply({ type: 'Transpose', permutation: perm }, value);
    }),
  ],
  [
    'BroadcastTo',
    recorder(z.strictObject({ shape: integers, inputShape: integers.optional() }), ['x'], (build, [x], { shape }) =>
      build.apply({ type: 'BroadcastTo', shape: broadcastShapes(required(x).shape, shape) }, required(x)),
    ),
  ],
  ['Concat', concat],
  ['Pack', pack],
  ['Unpack', unpack],
  ['SplitV', split],
  [
    'Slice',
    recorder(z.strictObject({ begin: axes, size: axes.optional() }), ['x'], (build, [x], { begin, size }) => {
      const value = required(x);
      const full = Array.isArray(begin) ? begin : [begin];
      const lengths = size === undefined ? undefined : Array.isArray(size) ? size : [size];
      const starts = value.shape.map((_, axis) => full[axis] ?? 0);
      return sliced(
        build,
        value,
        starts,
        value.shape.map((length, axis) => {
          const wanted = lengths?.[axis] ?? -1;
          return wanted < 0 ? length - (starts[axis] ?? 0) : wanted;
        }),
      );
    }),
  ],
  ['PadV2', pad],
  ['Tile', tile],
  ['GatherV2', gather],
  ['OneHot', oneHot],
  ['TopK', topK],
  ['BatchMatMul', matMul],
  [
    'Fill',
    recorder(filling, [], (build, _, { shape, value, dtype: wanted = 'float32' }) =>
      build.uniform(value, shape, wanted),
    ),
  ],
  ['ZerosLike', recorder(noAttributes, ['x'], (build, [x]) => build.uniform(0, required(x).shape, required(x).dtype))],
  ['OnesLike', recorder(noAttributes, ['x'], (build, [x]) => build.uniform(1, required(x).shape, required(x).dtype))],
  [
    'Range',
    recorder(ranging, [], (build, _, { start, stop, step, dtype: wanted = 'float32' }) => {
      const count = Math.max(0, Math.ceil((stop - start) / step));
      return build.constant(
        Array.from({ length: count }, (_, index) => start + index * step),
        [count],
        wanted,
      );
    }),
  ],
  [
    'AddN',
    listRecorder(noAttributes, (build, inputs) =>
      inputs.slice(1).reduce((sum, input) => build.apply({ type: 'Add' }, sum, input), required(inputs[0])),
    ),
  ],
  ['DecantAdam', adam],
  ['DecantMovingAverage', single({ type: 'MovingAverage' }, ['target', 'online', 'tau'])],
  [
    'DecantSelect',
    recorder(noAttributes, ['x', 'indices'], (build, inputs) => build.node({ type: 'Gather', axis: 0 }, inputs)),
  ],
]);

/** The number that a scalar constant holds. */
export function scalarOf(value: Value): number | undefined {
  return value.shape.length === 0 ? uniformOf(value) : undefined;
}
