import { Root, type INamespace, type Type } from 'protobufjs';

/**
 * The messages of TensorFlow's SavedModel format, as far as this program writes them. Field numbers are those of the public format; what is
 * left out is never written.
 */
const wire = (
  fields: Readonly<Record<string, readonly [type: string, id: number, rule?: 'repeated']>>,
  maps: Readonly<Record<string, readonly [type: string, id: number]>> = {},
  oneofs: Readonly<Record<string, readonly string[]>> = {},
): object => ({
  fields: Object.fromEntries<object>([
    ...Object.entries(fields).map(
      ([name, [type, id, rule]]) => [name, rule === undefined ? { type, id } : { type, id, rule }] as const,
    ),
    ...Object.entries(maps).map(([name, [type, id]]) => [name, { keyType: 'string', type, id }] as const),
  ]),
  oneofs: Object.fromEntries(Object.entries(oneofs).map(([name, members]) => [name, { oneof: members }])),
});

const definitions: INamespace = {
  nested: {
    SavedModel: wire({ savedModelSchemaVersion: ['int64', 1], metaGraphs: ['MetaGraphDef', 2, 'repeated'] }),
    MetaGraphDef: wire({ metaInfoDef: ['MetaInfoDef', 1], graphDef: ['GraphDef', 2] }),
    MetaInfoDef: wire({ tags: ['string', 4, 'repeated'], tensorflowVersion: ['string', 5] }),
    GraphDef: wire({
      node: ['NodeDef', 1, 'repeated'],
      library: ['FunctionDefLibrary', 2],
      versions: ['VersionDef', 4],
    }),
    VersionDef: wire({ producer: ['int32', 1], minConsumer: ['int32', 2] }),
    FunctionDefLibrary: wire({ function: ['FunctionDef', 1, 'repeated'] }),
    FunctionDef: wire(
      { signature: ['OpDef', 1], nodeDef: ['NodeDef', 3, 'repeated'] },
      { ret: ['string', 4], attr: ['AttrValue', 5], controlRet: ['string', 6] },
    ),
    OpDef: wire({
      name: ['string', 1],
      inputArg: ['ArgDef', 2, 'repeated'],
      outputArg: ['ArgDef', 3, 'repeated'],
      isStateful: ['bool', 17],
      controlOutput: ['string', 20, 'repeated'],
    }),
    ArgDef: wire({ name: ['string', 1], type: ['int32', 3] }),
    NodeDef: wire(
      { name: ['string', 1], op: ['string', 2], input: ['string', 3, 'repeated'], device: ['string', 4] },
      { attr: ['AttrValue', 5] },
    ),
    NameAttrList: wire({ name: ['string', 1] }),
    AttrValue: wire(
      {
        list: ['ListValue', 1],
        s: ['bytes', 2],
        i: ['int64', 3],
        f: ['float', 4],
        b: ['bool', 5],
        type: ['int32', 6],
        shape: ['TensorShapeProto', 7],
        tensor: ['TensorProto', 8],
        func: ['NameAttrList', 10],
      },
      {},
      { value: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor', 'func'] },
    ),
    ListValue: wire({ type: ['int32', 6, 'repeated'] }),
    TensorShapeProto: wire({ dim: ['Dim', 2, 'repeated'] }),
    Dim: wire({ size: ['int64', 1] }),
    TensorProto: wire({
      dtype: ['int32', 1],
      tensorShape: ['TensorShapeProto', 2],
      tensorContent: ['bytes', 4],
      floatVal: ['float', 5, 'repeated'],
      intVal: ['int32', 7, 'repeated'],
      boolVal: ['bool', 11, 'repeated'],
    }),
  },
};

export interface ShapeMessage {
  dim: { size: number }[];
}

export interface TensorMessage {
  dtype: number;
  tensorShape: ShapeMessage;
  tensorContent?: Uint8Array;
  floatVal?: number[];
  intVal?: number[];
  boolVal?: boolean[];
}

export type AttributeMessage =
  | { list: { type: number[] } }
  | { s: Uint8Array }
  | { i: number }
  | { f: number }
  | { b: boolean }
  | { type: number }
  | { shape: ShapeMessage }
  | { tensor: TensorMessage }
  | { func: { name: string } };

export interface NodeMessage {
  name: string;
  op: string;
  input: string[];
  attr: Record<string, AttributeMessage>;
}

export interface FunctionMessage {
  signature: {
    name: string;
    inputArg: { name: string; type: number }[];
    outputArg: { name: string; type: number }[];
    isStateful: boolean;
    controlOutput: string[];
  };
  nodeDef: NodeMessage[];
  ret: Record<string, string>;
  controlRet: Record<string, string>;
  attr: Record<string, AttributeMessage>;
}

export interface SavedModelMessage {
  nodes: NodeMessage[];
  functions: FunctionMessage[];
}

/** Versions that every library from 2.9 on reads: nothing newer than what they have in common is written. */
const versions = { producer: 1087, minConsumer: 0 };
export const servingTag = 'serve';

let savedModelType: Type | undefined;

function typeOfSavedModel(): Type {
  savedModelType ??= Root.fromJSON(definitions).resolveAll().lookupType('SavedModel');
  return savedModelType;
}

/** The bytes of saved_model.pb. Errors: RangeError beyond protobuf's limit of 2 GB. */
export function encodeSavedModel({ nodes, functions }: SavedModelMessage): Uint8Array {
  const type = typeOfSavedModel();
  const message = {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: [servingTag], tensorflowVersion: '2.9.1' },
        graphDef: { node: nodes, library: { function: functions }, versions },
      },
    ],
  };
  const bytes = type.encode(type.fromObject(message)).finish();
  if (bytes.byteLength >= 2 ** 31)
    throw new RangeError(`a model of ${bytes.byteLength} bytes is beyond protobuf's limit`);
  return bytes;
}

/** What `encodeSavedModel` wrote, for tests and for looking at a model. */
export function decodeSavedModel(bytes: Uint8Array): Record<string, unknown> {
  const type = typeOfSavedModel();
  return type.toObject(type.decode(bytes), { longs: Number, bytes: Array, arrays: true });
}
