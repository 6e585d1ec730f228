import { type Rule } from '../../graph/rewrite.ts';
import { reshaped, sliced } from '../../graph/shaping.ts';
import { isCallOf, madeBy } from './patterns.ts';

/** Parts and views of a mask are taken from its bytes: a quarter of the memory, and slices of slices meet. */
export const castRules: Rule = (call, { build }) => {
  if (!isCallOf(call, 'Slice') && !isCallOf(call, 'Reshape')) return undefined;
  const cast = madeBy(call.inputs[0], 'Cast');
  const [x] = cast?.inputs ?? [];
  if (cast === undefined || x?.dtype !== 'bool') return undefined;
  const bytes = isCallOf(call, 'Slice')
    ? sliced(build, x, call.operation.begin, call.operation.size)
    : reshaped(build, x, call.operation.shape);
  return build.node({ type: 'Cast', dtype: cast.operation.dtype }, [bytes]);
};
