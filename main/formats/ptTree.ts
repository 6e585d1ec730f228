import { DecantError } from '../../shared/errors.ts';
import {
  PickleDictionary,
  PickleInstance,
  PickleList,
  PickleTuple,
  type PickleKey,
  type PickleValue,
} from './pickleValues.ts';
import { PtDevice } from './ptGlobals.ts';
import { PtTensor } from './ptTensor.ts';

/** What a .pt file holds. Tensors are not read yet; dictionary keys are text. */
export type PtNode =
  | PtTensor
  | { readonly kind: 'dictionary'; readonly entries: ReadonlyMap<string, PtNode> }
  /** A TensorDict: its columns share the leading axes `batchSize`. */
  | {
      readonly kind: 'tensorDict';
      readonly entries: ReadonlyMap<string, PtNode>;
      readonly batchSize: readonly number[];
    }
  | { readonly kind: 'sequence'; readonly items: readonly PtNode[] }
  | { readonly kind: 'scalar'; readonly value: PickleKey }
  | { readonly kind: 'device'; readonly name: string };

const deepest = 32;
const largestNodeCount = 1_000_000;

/**
 * Turns what a pickle built into plain nodes. Shared and cyclic references are walked as often as they occur, so depth and total are
 * bounded: a consumer may walk the result without care. Errors: PICKLE_INVALID, FILE_TOO_LARGE.
 */
export function ptTree(value: PickleValue, path: string): PtNode {
  let count = 0;
  const invalid = (detail: string): DecantError => new DecantError('PICKLE_INVALID', `${path}: ${detail}`);

  const entriesOf = (dictionary: PickleDictionary, depth: number): Map<string, PtNode> => {
    const entries = new Map<string, PtNode>();
    for (const [key, item] of dictionary.entries) {
      if (entries.has(String(key))) throw invalid(`two keys read "${String(key)}"`);
      entries.set(String(key), convert(item, depth + 1));
    }
    return entries;
  };

  const tensorDict = (instance: PickleInstance, depth: number): PtNode => {
    const columns = instance.state?.entries.get('_tensordict');
    const batchSize = instance.state?.entries.get('_batch_size');
    if (!(columns instanceof PickleDictionary) || !(batchSize instanceof PickleTuple))
      throw invalid(`a ${instance.className} without its columns or batch size`);
    const sizes = batchSize.items.map((size) => {
      if (typeof size !== 'number') throw invalid(`a ${instance.className} whose batch size is no number`);
      return size;
    });
    return { kind: 'tensorDict', entries: entriesOf(columns, depth), batchSize: sizes };
  };

  const convert = (item: PickleValue, depth: number): PtNode => {
    count += 1;
    if (depth > deepest) throw invalid(`it nests deeper than ${deepest} levels`);
    if (count > largestNodeCount)
      throw new DecantError('FILE_TOO_LARGE', `${path} holds more than ${largestNodeCount} values`);
    if (item === null || typeof item !== 'object') return { kind: 'scalar', value: item };
    if (item instanceof PtTensor) return item;
    if (item instanceof PickleDictionary) return { kind: 'dictionary', entries: entriesOf(item, depth) };
    if (item instanceof PickleInstance) return tensorDict(item, depth);
    if (item instanceof PickleList || item instanceof PickleTuple)
      return { kind: 'sequence', items: item.items.map((child) => convert(child, depth + 1)) };
    if (item instanceof PtDevice) return { kind: 'device', name: item.name };
    throw invalid('a class or storage where a value should be');
  };

  return convert(value, 0);
}

/** The tensors of a dictionary or TensorDict by name, and everything else that it holds. */
export interface PtColumns {
  readonly tensors: ReadonlyMap<string, PtTensor>;
  /** E.g. the newer layout's `__batch_size` and `__device`. */
  readonly others: ReadonlyMap<string, PtNode>;
  /** Only of a TensorDict. */
  readonly batchSize: readonly number[] | undefined;
}

/** Undefined where the node is neither a dictionary nor a TensorDict. */
export function ptColumns(node: PtNode): PtColumns | undefined {
  if (node.kind !== 'dictionary' && node.kind !== 'tensorDict') return undefined;
  const tensors = new Map<string, PtTensor>();
  const others = new Map<string, PtNode>();
  for (const [name, child] of node.entries) {
    if (child.kind === 'tensor') tensors.set(name, child);
    else others.set(name, child);
  }
  return { tensors, others, batchSize: node.kind === 'tensorDict' ? node.batchSize : undefined };
}

/** The state dict of a checkpoint: the root itself, or its entry "model". */
export function ptStateDict(root: PtNode): PtColumns | undefined {
  const model = root.kind === 'dictionary' ? root.entries.get('model') : undefined;
  return ptColumns(model?.kind === 'dictionary' ? model : root);
}
