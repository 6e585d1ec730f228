import * as onnxruntime from 'onnxruntime-node';
import { expect } from 'vitest';
import { type Graph } from '../../../../../main/engine/compute/graph/graph.ts';
import { Executable } from '../../../../../main/engine/compute/onnx/executable.ts';
import { elementCount, floatTensor, type Tensor } from '../../../../../shared/tensor.ts';
import { randomNumbers } from '../passes/support.ts';

/** Runs a graph once in the ONNX runtime: its outputs by name. */
export async function runOnnx(graph: Graph, inputs: ReadonlyMap<string, Tensor>): Promise<Map<string, Float32Array>> {
  const executable = await Executable.create(graph, { runtime: onnxruntime, threads: 1 });
  for (const name of graph.inputs.keys()) {
    const data = inputs.get(name)?.data;
    if (!(data instanceof Float32Array || data instanceof Int32Array)) throw new Error(`no ${name}`);
    executable.feed(name, data);
  }
  await executable.run();
  const outputs = [...graph.outputs.keys()].map((name) => [name, Float32Array.from(executable.output(name))] as const);
  await executable.dispose();
  return new Map(outputs);
}

/** Standard normal numbers, roughly, times `scale` plus `offset`. */
export function normalTensor(shape: readonly number[], seed: number, scale = 1, offset = 0) {
  const random = randomNumbers(seed);
  const normal = () => random() + random() + random() + random() - 2;
  const data = Float32Array.from({ length: elementCount(shape) }, () => offset + scale * 1.7 * normal());
  return floatTensor(shape, data);
}

/** Every entry within `tolerance` of the wanted one; a NaN only where one is wanted. */
export function expectWithin(
  found: ArrayLike<number> | undefined,
  wanted: ArrayLike<number>,
  tolerance: number | ((index: number) => number),
  name: string,
): void {
  expect(found?.length, `${name}: entries`).toBe(wanted.length);
  for (let index = 0; index < wanted.length; index++) {
    const [ours = Number.NaN, theirs = Number.NaN] = [found?.[index], wanted[index]];
    if (Object.is(ours, theirs) || ours === theirs) continue;
    const bound = typeof tolerance === 'number' ? tolerance : tolerance(index);
    if (Math.abs(ours - theirs) <= bound) continue;
    expect.fail(`${name}[${index}] is ${ours}, not ${theirs}: off by ${Math.abs(ours - theirs)}, not ${bound}`);
  }
}
