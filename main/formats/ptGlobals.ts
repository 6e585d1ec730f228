import { DecantError } from '../../shared/errors.ts';
import { type TensorDtype } from '../../shared/tensor.ts';
import { bytesPerElement } from './dtypes.ts';
import {
  PickleDictionary,
  PickleForeign,
  PickleGlobal,
  PickleInstance,
  PickleList,
  PickleTuple,
  type PickleValue,
} from './pickleValues.ts';
import { Parameters } from './ptParameters.ts';
import { PtStorage } from './ptStorage.ts';
import { PtTensor, type PtQuantization } from './ptTensor.ts';
import { type ZipArchive } from './zip.ts';

/** torch's storage classes; the quantized ones hold integer codes. */
const storageDtypes = new Map<string, TensorDtype>([
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
  ['torch.QInt8Storage', 'int8'],
  ['torch.QUInt8Storage', 'uint8'],
  ['torch.QInt32Storage', 'int32'],
]);

/** A torch.device, e.g. "cuda:0". */
export class PtDevice extends PickleForeign {
  readonly foreign = 'device';
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}

const tensorDictClass = 'TensorDict';

/** As many as one pickle could write itself. */
const largestPairCount = 1_000_000;

function rebuildTensor(parameters: Parameters, quantization?: PtQuantization): PtTensor {
  const view = { offset: parameters.integer(1), shape: parameters.integers(2), strides: parameters.integers(3) };
  return new PtTensor(parameters.storage(0), view, quantization);
}

function quantizationOf(parameters: Parameters): PtQuantization {
  const scheme = parameters.at(0);
  const name = scheme instanceof PickleGlobal ? scheme.name : '';
  if (name === 'torch.per_channel_affine')
    return {
      kind: 'perChannel',
      scales: parameters.tensor(1),
      zeroPoints: parameters.tensor(2),
      axis: parameters.integer(3),
    };
  const scale = parameters.at(1);
  if (name !== 'torch.per_tensor_affine' || typeof scale !== 'number' || !(scale > 0) || !Number.isFinite(scale))
    throw parameters.invalid('an unknown quantization');
  return { kind: 'perTensor', scale, zeroPoint: parameters.integer(2) };
}

function rebuildQuantized(parameters: Parameters): PtTensor {
  const quantization = quantizationOf(parameters.nested(4));
  const tensor = rebuildTensor(parameters, quantization);
  if (quantization.kind === 'perChannel') {
    const channels = tensor.shape[quantization.axis];
    if (
      channels === undefined ||
      quantization.scales.elementCount !== channels ||
      quantization.zeroPoints.elementCount !== channels
    )
      throw parameters.invalid('scales that do not fit its channels');
    if (!quantization.scales.dtype.startsWith('float') || !/^int(32|64)$/.test(quantization.zeroPoints.dtype))
      throw parameters.invalid('scales or zero points of another type');
  }
  return tensor;
}

/**
 * Builds the dictionary of an `OrderedDict(pairs)`. One list may be handed over again and again by a few bytes of the pickle, and each call copies it:
 * what all calls of a file copy is bounded.
 */
function orderedDictionaries(
  path: string,
): (parameters: Parameters, items: readonly PickleValue[]) => PickleDictionary {
  let copied = 0;
  return (parameters, items) => {
    const dictionary = new PickleDictionary();
    if (items.length === 0) return dictionary;
    const pairs = parameters.at(0);
    if (!(pairs instanceof PickleList)) throw parameters.invalid('no list of pairs');
    copied += pairs.items.length;
    if (copied > largestPairCount)
      throw new DecantError('FILE_TOO_LARGE', `${path}: its dictionaries have more than ${largestPairCount} pairs`);
    for (const pair of pairs.items) {
      if (!(pair instanceof PickleTuple || pair instanceof PickleList) || pair.items.length !== 2)
        throw parameters.invalid('no list of pairs');
      const [key, value] = pair.items;
      if (typeof key !== 'string' && typeof key !== 'number')
        throw parameters.invalid('a key that is neither text nor number');
      dictionary.entries.set(key, value ?? null);
    }
    return dictionary;
  };
}

function deviceOf(parameters: Parameters, items: readonly PickleValue[]): PtDevice {
  const type = parameters.at(0);
  if (typeof type !== 'string') throw parameters.invalid('no name');
  return new PtDevice(items.length > 1 ? `${type}:${parameters.integer(1)}` : type);
}

/**
 * Everything that a checkpoint or a dataset chunk may name, and what we make of it. Nothing of it is looked up anywhere.
 * Sources: the disassemblies of the published files and of both tensordict layouts.
 */
export function ptGlobals(path: string): ReadonlyMap<string, PickleGlobal> {
  const globals = new Map<string, PickleGlobal>();
  const add = (name: string, call?: (parameters: Parameters, items: readonly PickleValue[]) => PickleValue): void => {
    globals.set(
      name,
      new PickleGlobal(
        name,
        call === undefined ? {} : { call: (items) => call(new Parameters(path, name, items), items) },
      ),
    );
  };
  const addClass = (name: string, create: () => PickleValue): void => {
    globals.set(name, new PickleGlobal(name, { create }));
  };
  for (const name of storageDtypes.keys()) add(name);
  add('torch.per_tensor_affine');
  add('torch.per_channel_affine');
  add('torch._utils._rebuild_tensor_v2', (parameters) => rebuildTensor(parameters));
  add('torch._utils._rebuild_qtensor', rebuildQuantized);
  add('torch._utils._rebuild_parameter', (parameters) => parameters.tensor(0));
  add('torch.Size', (parameters) => {
    if (!(parameters.at(0) instanceof PickleTuple)) throw parameters.invalid('no tuple');
    return parameters.at(0);
  });
  add('torch.device', deviceOf);
  add('collections.OrderedDict', orderedDictionaries(path));
  // tensordict 0.2.1 pickles an empty set as `set([])`, under Python 2's name of the module.
  for (const name of ['__builtin__.set', 'builtins.set'])
    add(name, (parameters) => {
      if (!(parameters.at(0) instanceof PickleList)) throw parameters.invalid('no list');
      return parameters.at(0);
    });
  addClass('tensordict.utils._StringOnlyDict', () => new PickleDictionary());
  for (const name of ['tensordict._td.TensorDict', 'tensordict.tensordict.TensorDict'])
    addClass(name, () => new PickleInstance(tensorDictClass));
  return globals;
}

/** The persistent ids of torch.save: ("storage", class, key, location, number of elements). */
export function storageLoader(archive: ZipArchive, prefix: string): (id: PickleValue) => PtStorage {
  const path = archive.file.path;
  const storages = new Map<string, PtStorage>();
  return (id) => {
    const items = id instanceof PickleTuple ? id.items : [];
    const [tag, storageClass, key, , elementCount] = items;
    const dtype = storageClass instanceof PickleGlobal ? storageDtypes.get(storageClass.name) : undefined;
    if (tag !== 'storage' || dtype === undefined || typeof key !== 'string' || typeof elementCount !== 'number')
      throw new DecantError('PICKLE_INVALID', `${path}: a persistent id that names no storage`);
    const known = storages.get(key);
    if (known !== undefined && known.dtype === dtype) return known;
    const entry = archive.entries.get(`${prefix}data/${key}`);
    if (entry === undefined || known !== undefined)
      throw new DecantError('PICKLE_INVALID', `${path}: storage "${key}" is missing or of two types`);
    if (entry.size !== elementCount * bytesPerElement[dtype])
      throw new DecantError(
        'PICKLE_INVALID',
        `${path}: storage "${key}" has ${entry.size} bytes, not ${elementCount} elements of ${dtype}`,
      );
    const storage = new PtStorage(archive, entry, key, dtype);
    storages.set(key, storage);
    return storage;
  };
}
