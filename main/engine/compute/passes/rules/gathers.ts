import { elementCount } from '../../../../../shared/tensor.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { sameShape } from '../../graph/shapes.ts';
import { reshaped, slicedAlong } from '../../graph/shaping.ts';
import { anyOf, broadcasted, cutOf, isCallOf, madeBy } from './patterns.ts';

/** Of entries that are looked up, only those that are wanted. */
const sliceOfGather: Rule = (call, { build }) => {
  if (!isCallOf(call, 'Slice')) return undefined;
  const gather = madeBy(call.inputs[0], 'Gather');
  const [x, indices] = gather?.inputs ?? [];
  const cut = cutOf(call);
  if (gather === undefined || x === undefined || indices?.shape.length !== 1) return undefined;
  const { axis } = gather.operation;
  if (cut?.axis !== axis) return undefined;
  const wanted = slicedAlong(build, indices, 0, cut.start, call.operation.size[axis] ?? 0);
  return build.node({ type: 'Gather', axis }, [x, wanted]);
};

/** The same entry many times is looked up once. */
const gatherOfRepeated: Rule = (call, { build }) => {
  const [x, indices] = call.inputs;
  if (!isCallOf(call, 'Gather') || x === undefined || indices?.shape.length !== 1) return undefined;
  const [one] = madeBy(indices, 'BroadcastTo')?.inputs ?? [];
  if (one === undefined || elementCount(one.shape) !== 1) return undefined;
  const { axis } = call.operation;
  const shape = x.shape.map((size, other) => (other === axis ? (indices.shape[0] ?? 1) : size));
  return [broadcasted(build, build.apply(call.operation, x, reshaped(build, one, [1])), shape)];
};

/** Rows repeated one after the other are looked up, so that they meet other lookups: [n, 1, ...] by way of [n, times, ...]. */
const repeatedRows: Rule = (call, { build }) => {
  if (!isCallOf(call, 'Reshape')) return undefined;
  const [wide] = call.inputs;
  const [rows] = madeBy(wide, 'BroadcastTo')?.inputs ?? [];
  const [count = 0, times = 0, ...rest] = wide?.shape ?? [];
  if (rows === undefined || count < 2 || !sameShape(rows.shape, [count, 1, ...rest])) return undefined;
  if (!sameShape(call.operation.shape, [count * times, ...rest])) return undefined;
  const indices = Array.from({ length: count * times }, (_, row) => Math.floor(row / times));
  const table = reshaped(build, rows, [count, ...rest]);
  return build.node({ type: 'Gather', axis: 0 }, [table, build.constant(indices, [count * times], 'int32')]);
};

/** What is looked up by repeated indices is looked up once by these and repeated. */
const gatherByGather: Rule = (call, { build }) => {
  const [x, indices] = call.inputs;
  if (!isCallOf(call, 'Gather') || x === undefined || call.operation.axis !== 0) return undefined;
  const [few, repeats] = madeBy(indices, 'Gather')?.inputs ?? [];
  if (few?.shape.length !== 1 || repeats?.shape.length !== 1) return undefined;
  if (elementCount(few.shape) >= elementCount(repeats.shape)) return undefined;
  return build.node(call.operation, [build.apply(call.operation, x, few), repeats]);
};

export const gatherRules = anyOf(sliceOfGather, gatherOfRepeated, repeatedRows, gatherByGather);
