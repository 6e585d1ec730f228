import { type GraphDataType } from '../graph/operations.ts';
import { type AttributeMessage, type ShapeMessage, type TensorMessage } from './messages.ts';

/** TensorFlow's numbers for dtypes. */
export const dataTypes = { float32: 1, int32: 3, bool: 10, resource: 20 } as const satisfies Record<
  GraphDataType | 'resource',
  number
>;
export type TensorflowDataType = keyof typeof dataTypes;

export function shapeMessage(shape: readonly number[]): ShapeMessage {
  return { dim: shape.map((size) => ({ size })) };
}

export const attribute = {
  type: (dtype: TensorflowDataType): AttributeMessage => ({ type: dataTypes[dtype] }),
  types: (dtypes: readonly TensorflowDataType[]): AttributeMessage => ({
    list: { type: dtypes.map((dtype) => dataTypes[dtype]) },
  }),
  bool: (value: boolean): AttributeMessage => ({ b: value }),
  integer: (value: number): AttributeMessage => ({ i: value }),
  text: (value: string): AttributeMessage => ({ s: new TextEncoder().encode(value) }),
  shape: (shape: readonly number[]): AttributeMessage => ({ shape: shapeMessage(shape) }),
  function: (name: string): AttributeMessage => ({ func: { name } }),
  tensor: (tensor: TensorMessage): AttributeMessage => ({ tensor }),
};

/** One number for all places of a tensor: TensorFlow repeats the last one that is written. */
export function uniformTensor(value: number, shape: readonly number[], dtype: GraphDataType): TensorMessage {
  const message = { dtype: dataTypes[dtype], tensorShape: shapeMessage(shape) };
  if (dtype === 'float32') return { ...message, floatVal: [value] };
  return dtype === 'int32' ? { ...message, intVal: [value] } : { ...message, boolVal: [value !== 0] };
}

export function valuesTensor(
  values: Float32Array | Int32Array | Uint8Array,
  shape: readonly number[],
  dtype: GraphDataType,
): TensorMessage {
  const tensorContent = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: dataTypes[dtype], tensorShape: shapeMessage(shape), tensorContent };
}
