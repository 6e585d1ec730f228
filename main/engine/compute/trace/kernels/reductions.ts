import { z } from 'zod';
import { type ReductionType } from '../../graph/operations.ts';
import { axes, normalAxes, type Recorder, recorder, required } from '../recorder.ts';

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
    const given = required(x);
    // A mean of integers is a float32 in TF.js.
    const isMeanOfOthers = type === 'Mean' && given.dtype !== 'float32';
    const value = isMeanOfOthers ? build.apply({ type: 'Cast', dtype: 'float32' }, given) : given;
    const along = normalAxes(axis, value.shape);
    return along.length === 0 ? value : build.apply({ type, axes: along, keepDims }, value);
  });
}

/** A softmax goes along the last axis; TF.js names that axis in one of two ways. */
function alongLast(type: 'Softmax' | 'LogSoftmax', attribute: 'dim' | 'axis'): Recorder {
  const schema = z.strictObject({ [attribute]: z.int() });
  return recorder(schema, ['logits'], (build, [logits], attributes) => {
    const value = required(logits);
    const [along] = normalAxes(attributes[attribute], value.shape);
    if (along !== value.shape.length - 1) throw new RangeError('another axis than the last');
    return build.apply({ type }, value);
  });
}

export const reductionKernels: readonly [string, Recorder][] = [
  ['Sum', reduction('Sum')],
  ['Mean', reduction('Mean')],
  ['Max', reduction('Max')],
  ['Min', reduction('Min')],
  ['Softmax', alongLast('Softmax', 'dim')],
  ['LogSoftmax', alongLast('LogSoftmax', 'axis')],
];
