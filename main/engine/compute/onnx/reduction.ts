import { type GraphDataType, type Operation, type ReductionType } from '../graph/operations.ts';
import { type ModelWriter } from './modelWriter.ts';
import { elementTypes } from './schema.ts';

/** A reduction of the ONNX value `x` of a dtype; the name of the result. */
export function lowerReduction(
  writer: ModelWriter,
  { type, axes, keepDims }: Extract<Operation, { type: ReductionType }>,
  dtype: GraphDataType,
  x: string,
): string {
  const reduce = (operator: string, input: string) =>
    writer.node(operator, [input, writer.integers(axes)], { keepdims: { int: keepDims ? 1 : 0 } });
  const result = reduce(`Reduce${type}`, x);
  if ((type !== 'Max' && type !== 'Min') || dtype !== 'float32') return result;
  // The runtime passes over a NaN that is not the first of those it compares: a network that diverged would go on unnoticed.
  const to = (wanted: GraphDataType) => ({ to: { int: elementTypes[wanted] } });
  const unknown = reduce('ReduceMax', writer.node('Cast', [writer.node('IsNaN', [x])], to('float32')));
  return writer.node('Where', [writer.node('Cast', [unknown], to('bool')), writer.float(Number.NaN), result]);
}
