import protobuf from 'protobufjs';

/** The part of the ONNX format that is written here; names and field numbers are those of the public onnx.proto. */
const definition = `
syntax = "proto3";
package onnx;
message AttributeProto {
  string name = 1;
  float f = 2;
  int64 i = 3;
  repeated int64 ints = 8;
  int32 type = 20;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
  string domain = 7;
}
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  string name = 8;
  bytes raw_data = 9;
}
message Dimension { int64 dim_value = 1; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TypeProtoTensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { TypeProtoTensor tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
}
`;

const model = protobuf.parse(definition).root.lookupType('onnx.ModelProto');

/** Element types as ONNX numbers them. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof elementTypes;

const attributeTypes = { float: 1, int: 2, ints: 7 } as const;

export type Attribute = { readonly float: number } | { readonly int: number } | { readonly ints: readonly number[] };

export interface NodeRecord {
  operator: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
  /** Empty for the standard operators. */
  domain: string;
}

export interface TensorRecord {
  name: string;
  type: ElementType;
  shape: readonly number[];
  /** Little-endian. */
  bytes: Uint8Array;
}

export interface ValueRecord {
  name: string;
  type: ElementType;
  shape: readonly number[];
}

export interface ModelRecord {
  name: string;
  nodes: readonly NodeRecord[];
  constants: readonly TensorRecord[];
  inputs: readonly ValueRecord[];
  outputs: readonly ValueRecord[];
}

function attributeMessage(name: string, attribute: Attribute) {
  if ('float' in attribute) return { name, f: attribute.float, type: attributeTypes.float };
  if ('int' in attribute) return { name, i: attribute.int, type: attributeTypes.int };
  return { name, ints: [...attribute.ints], type: attributeTypes.ints };
}

function valueMessage({ name, type, shape }: ValueRecord) {
  const dim = shape.map((size) => ({ dimValue: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}

/** Operator sets: 20 of the standard operators, and onnxruntime's own. */
const operatorSets = [
  { domain: '', version: 20 },
  { domain: 'com.microsoft', version: 1 },
];

/** The model as a protobuf message. */
export function encodeModel(record: ModelRecord): Uint8Array {
  const node = record.nodes.map(({ operator, inputs, outputs, attributes, domain }, index) => ({
    input: [...inputs],
    output: [...outputs],
    name: `${operator}_${index}`,
    opType: operator,
    attribute: Object.entries(attributes).map(([name, attribute]) => attributeMessage(name, attribute)),
    domain,
  }));
  const initializer = record.constants.map(({ name, type, shape, bytes }) => ({
    name,
    dims: [...shape],
    dataType: elementTypes[type],
    rawData: bytes,
  }));
  const graph = {
    name: record.name,
    node,
    initializer,
    input: record.inputs.map(valueMessage),
    output: record.outputs.map(valueMessage),
  };
  const message = { irVersion: 9, producerName: 'decant', graph, opsetImport: operatorSets };
  return model.encode(model.create(message)).finish();
}
