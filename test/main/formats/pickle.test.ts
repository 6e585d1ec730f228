import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPt, readPtStateDict } from '../../../main/formats/pt.ts';
import { type PtNode } from '../../../main/formats/ptTree.ts';
import { failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import * as pickle from './pickleBuilder.ts';

const {
  emptyDict,
  emptyList,
  emptyTuple,
  mark,
  none,
  setItem,
  tuple,
  tuple1,
  tuple2,
  reduce,
  unicode,
  global: globalOf,
} = pickle;

async function rootOf(parts: Uint8Array[]): Promise<PtNode> {
  const path = join(temporaryFolder(), 'file.pt');
  await pickle.writePickled(path, parts);
  await using file = await openPt(path);
  return file.root;
}

async function failure(parts: Uint8Array[]): Promise<{ code: string; detail: string }> {
  return failureOf(rootOf(parts));
}

const call = (module: string, name: string): Uint8Array[] => [
  globalOf(module, name),
  mark,
  unicode('touch harmless'),
  tuple,
  reduce,
];

test.each([
  ['os', 'system'],
  ['posix', 'system'],
  ['nt', 'system'],
  ['builtins', 'eval'],
  ['__builtin__', 'exec'],
  ['builtins', 'getattr'],
  ['subprocess', 'Popen'],
  ['torch', 'load'],
  ['torch._utils', '_rebuild_tensor_v2.__globals__'],
  ['torch.storage', '_load_from_bytes'],
  ['__torch__', 'Model'],
  ['numpy.core.multiarray', '_reconstruct'],
  ['collections', 'OrderedDict '],
])('the global %s.%s is named and refused', async (module, name) => {
  const expected = { code: 'PICKLE_FORBIDDEN', detail: expect.stringContaining(`"${module}.${name}"`) as string };
  expect(await failure(call(module, name))).toMatchObject(expected);
  // Hidden where nobody looks, not even called, or named through the stack.
  expect(await failure([emptyDict, unicode('a'), globalOf(module, name), setItem])).toMatchObject(expected);
  expect(await failure([unicode(module), unicode(name), pickle.stackGlobal])).toMatchObject(expected);
});

test.each([
  ['the instruction INST', [mark, new TextEncoder().encode('ios\nsystem\n')], '0x69'],
  ['the instruction OBJ', [mark, none, Uint8Array.of(0x6f)], '0x6f'],
  ['an extension code', [Uint8Array.of(0x82, 1)], '0x82'],
  ['a text in Python syntax', [new TextEncoder().encode("S'a'\n")], '0x53'],
  ['byte arrays', [Uint8Array.of(0x96, 0, 0, 0, 0, 0, 0, 0, 0)], '0x96'],
])('%s is named and refused', async (_, parts, named) => {
  expect(await failure(parts)).toMatchObject({
    code: 'PICKLE_INVALID',
    detail: expect.stringContaining(named) as string,
  });
});

test.each<[string, Uint8Array[]]>([
  ['an empty stack', []],
  ['values left over', [none, none]],
  ['a mark without end', [mark]],
  ['a tuple without mark', [none, tuple]],
  ['items for a number', [Uint8Array.of(0x4b, 1), unicode('a'), none, setItem]],
  ['a key without value', [emptyDict, mark, unicode('a'), pickle.setItems]],
  ['a list as key', [emptyDict, emptyList, none, setItem]],
  ['appending to a dictionary', [emptyDict, none, pickle.append]],
  ['a memo never set', [pickle.get(9)]],
  ['calling a number', [Uint8Array.of(0x4b, 1), emptyTuple, reduce]],
  ['calling a storage class', [globalOf('torch', 'FloatStorage'), emptyTuple, reduce]],
  ['creating a function', [globalOf('torch._utils', '_rebuild_tensor_v2'), emptyTuple, pickle.newObject]],
  ['state for a number', [Uint8Array.of(0x4b, 1), emptyDict, pickle.build]],
  ['state that is no dictionary', [emptyDict, none, pickle.build]],
  ['a class as value', [globalOf('torch', 'Size')]],
  ['a storage as value', [pickle.storage('0', 4)]],
  ['a persistent id of something else', [unicode('0'), pickle.persistent]],
  ['a missing storage', [pickle.storage('1', 4)]],
  ['a storage name that climbs out', [pickle.storage('../data.pkl', 4)]],
  ['a storage of another size', [pickle.tensor({ shape: [5], strides: [1], elementCount: 5 })]],
  [
    'a storage of two types',
    [
      mark,
      pickle.tensor({ shape: [4], strides: [1], elementCount: 4 }),
      pickle.tensor({ shape: [4], strides: [1], elementCount: 4, storageClass: 'IntStorage' }),
      tuple,
    ],
  ],
  ['a TensorDict without state', [globalOf('tensordict._td', 'TensorDict'), emptyTuple, pickle.newObject]],
  ['an integer of 200 bytes', [Uint8Array.of(0x8a, 200), new Uint8Array(200)]],
  ['text that is not UTF-8', [Uint8Array.of(0x58, 1, 0, 0, 0, 0xff)]],
  ['text of 4 GB', [Uint8Array.of(0x58, 0xff, 0xff, 0xff, 0xff)]],
  ['text of 2^63 bytes', [Uint8Array.of(0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80)]],
  ['a global without end', [new TextEncoder().encode(`c${'a'.repeat(300)}\n`)]],
  ['protocol 0', [Uint8Array.of(0x80, 0), none]],
  ['a list inside itself', [emptyList, pickle.put(0), pickle.get(0), pickle.append]],
])('%s is refused', async (_, parts) => {
  expect((await failure(parts)).code).toBe('PICKLE_INVALID');
});

test.each<[string, pickle.TensorParts, string]>([
  ['reaches beyond its storage', { shape: [5], strides: [1], elementCount: 4 }, 'PICKLE_INVALID'],
  ['starts beyond its storage', { offset: 4, shape: [1], strides: [1], elementCount: 4 }, 'PICKLE_INVALID'],
  ['walks backwards', { offset: 3, shape: [4], strides: [-1], elementCount: 4 }, 'PICKLE_INVALID'],
  ['starts before its storage', { offset: -1, shape: [1], strides: [1], elementCount: 4 }, 'PICKLE_INVALID'],
  ['has a negative size', { shape: [-2, -2], strides: [1, 1], elementCount: 4 }, 'PICKLE_INVALID'],
  ['has fewer strides than sizes', { shape: [2, 2], strides: [1], elementCount: 4 }, 'PICKLE_INVALID'],
  ['has a size beyond measure', { shape: [2 ** 50, 2 ** 50], strides: [0, 0], elementCount: 4 }, 'PICKLE_INVALID'],
  [
    'has twenty axes',
    { shape: Array<number>(20).fill(1), strides: Array<number>(20).fill(1), elementCount: 4 },
    'PICKLE_INVALID',
  ],
  ['repeats itself a billion times', { shape: [1e9], strides: [0], elementCount: 4 }, 'FILE_TOO_LARGE'],
])('a tensor that %s is refused', async (_, parts, code) => {
  expect((await failure([pickle.tensor(parts)])).code).toBe(code);
});

test('many small references to one big view are not read beyond four times the file', async () => {
  const path = join(temporaryFolder(), 'file.pt');
  const view = pickle.tensor({ shape: [65_536], strides: [0], elementCount: 4 });
  const names = Array.from({ length: 400 }, (_, index) => [unicode(String(index)), view]).flat();
  await pickle.writePickled(path, [emptyDict, mark, ...names, pickle.setItems]);
  expect((await failureOf(readPtStateDict(path))).code).toBe('FILE_TOO_LARGE');
});

test('lists that double themselves end at a limit instead of filling the memory', async () => {
  const parts: Uint8Array[] = [emptyList, none, pickle.append, pickle.put(0)];
  for (let index = 0; index < 28; index++)
    parts.push(emptyList, mark, pickle.get(index), pickle.get(index), pickle.appends, pickle.put(index + 1));
  const stack = Array.from({ length: 28 }, () => none);
  expect((await failure([mark, ...parts, ...stack, tuple])).code).toBe('FILE_TOO_LARGE');
});

test('a list that is made into dictionaries again and again ends at a limit instead of filling the memory', async () => {
  const pairs = Array.from({ length: 1000 }, (_, key) => [unicode(String(key)), none, tuple2]).flat();
  const dictionary = [globalOf('collections', 'OrderedDict'), pickle.get(0), reduce];
  const parts = [emptyList, mark, ...pairs, pickle.appends, tuple1, pickle.put(0)];
  const again = Array.from({ length: 1001 }, () => dictionary).flat();
  expect((await failure([mark, ...parts, ...again, tuple])).code).toBe('FILE_TOO_LARGE');
});

test('plain values, nested and shared, are what they are', async () => {
  const root = await rootOf([
    emptyDict,
    mark,
    unicode('a'),
    pickle.integer(-(2 ** 40)),
    unicode('b'),
    emptyList,
    pickle.put(0),
    mark,
    Uint8Array.of(0x88),
    Uint8Array.of(0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0),
    pickle.appends,
    unicode('c'),
    pickle.get(0),
    pickle.integer(3),
    none,
    pickle.setItems,
  ]);
  const list = {
    kind: 'sequence',
    items: [
      { kind: 'scalar', value: true },
      { kind: 'scalar', value: 1.5 },
    ],
  };
  expect(root).toEqual({
    kind: 'dictionary',
    entries: new Map<string, unknown>([
      ['a', { kind: 'scalar', value: -(2 ** 40) }],
      ['b', list],
      ['c', list],
      ['3', { kind: 'scalar', value: null }],
    ]),
  });
});
