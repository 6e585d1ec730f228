import { z } from 'zod';
import { dtype, integers, noAttributes, normalAxes, type Recorder, recorder, required } from '../recorder.ts';

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

const fill = recorder(filling, [], (build, _, { shape, value, dtype: wanted = 'float32' }) =>
  build.uniform(value, shape, wanted),
);

const range = recorder(ranging, [], (build, _, { start, stop, step, dtype: wanted = 'float32' }) => {
  const count = Math.max(0, Math.ceil((stop - start) / step));
  const values = Array.from({ length: count }, (_, index) => start + index * step);
  return build.constant(values, [count], wanted);
});

/** As many of one number as the input has. */
function like(number: number): Recorder {
  return recorder(noAttributes, ['x'], (build, [x]) => build.uniform(number, required(x).shape, required(x).dtype));
}

const selectMembers = recorder(noAttributes, ['x', 'indices'], (build, inputs) =>
  build.node({ type: 'Gather', axis: 0 }, inputs),
);

/** Entries by index, products, and values that come from nowhere. */
export const productKernels: readonly [string, Recorder][] = [
  ['GatherV2', gather],
  ['DecantSelect', selectMembers],
  ['OneHot', oneHot],
  ['TopK', topK],
  ['BatchMatMul', matMul],
  ['Fill', fill],
  ['ZerosLike', like(0)],
  ['OnesLike', like(1)],
  ['Range', range],
];
