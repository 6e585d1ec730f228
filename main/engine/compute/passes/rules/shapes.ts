import { elementCount } from '../../../../../shared/tensor.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { sameShape } from '../../graph/shapes.ts';
import { reshaped } from '../../graph/shaping.ts';
import { anyOf, broadcasted, isCallOf, madeBy } from './patterns.ts';

const reshape: Rule = (call, { build }) => {
  const [x] = call.inputs;
  if (!isCallOf(call, 'Reshape') || x === undefined) return undefined;
  const { shape } = call.operation;
  if (sameShape(x.shape, shape)) return [x];
  const [inner] = madeBy(x, 'Reshape')?.inputs ?? [];
  if (inner !== undefined) return [reshaped(build, inner, shape)];
  const [one] = madeBy(x, 'BroadcastTo')?.inputs ?? [];
  if (one === undefined || elementCount(one.shape) !== 1) return undefined;
  return [broadcasted(build, reshaped(build, one, []), shape)];
};

const broadcast: Rule = (call, { build }) => {
  const [x] = call.inputs;
  if (!isCallOf(call, 'BroadcastTo') || x === undefined) return undefined;
  const { shape } = call.operation;
  if (elementCount(x.shape) === elementCount(shape)) return [reshaped(build, x, shape)];
  const [inner] = madeBy(x, 'BroadcastTo')?.inputs ?? [];
  return inner && [broadcasted(build, inner, shape)];
};

/** Repeating an axis of one entry is broadcasting. */
const tile: Rule = (call, { build }) => {
  const [x] = call.inputs;
  if (!isCallOf(call, 'Tile') || x === undefined) return undefined;
  const { repetitions } = call.operation;
  if (x.shape.some((size, axis) => size !== 1 && repetitions[axis] !== 1)) return undefined;
  const shape = x.shape.map((size, axis) => size * (repetitions[axis] ?? 1));
  return [broadcasted(build, x, shape)];
};

/** Casts of what has the dtype already, and of zeros and ones by way of another dtype. */
const cast: Rule = (call, { build }) => {
  const [x] = call.inputs;
  if (!isCallOf(call, 'Cast') || x === undefined) return undefined;
  const { dtype } = call.operation;
  if (x.dtype === dtype) return [x];
  const [inner] = madeBy(x, 'Cast')?.inputs ?? [];
  if (inner === undefined || !(inner.dtype === 'bool' || madeBy(inner, 'OneHot') !== undefined)) return undefined;
  return inner.dtype === dtype ? [inner] : build.node({ type: 'Cast', dtype }, [inner]);
};

export const shapeRules = anyOf(reshape, broadcast, tile, cast);
