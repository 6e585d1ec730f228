import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Graph, type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { interpret } from '../../../../../main/engine/compute/graph/interpret.ts';
import { type Operation } from '../../../../../main/engine/compute/graph/operations.ts';
import { optimise } from '../../../../../main/engine/compute/passes/optimise.ts';
import { elementCount } from '../../../../../shared/tensor.ts';
import { randomInputs, randomNumbers } from '../passes/support.ts';
import { expectWithin, runOnnx } from './support.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const operations = 24;
const largest = 500;

/** A graph of operations on whatever was made before them, most often of late. */
class RandomGraph {
  readonly #build = new GraphBuilder();
  readonly #random: () => number;
  readonly #values: Value[];
  readonly #indices: Value[];

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
    const [rows, columns] = [this.#pick([1, 2, 4]), this.#pick([1, 3])];
    const shapes = [
      [rows, columns],
      [rows, 2],
      [2, columns],
      [columns],
      [1, columns],
      [rows, 1],
      [],
      [2, rows, columns],
    ];
    this.#values = shapes.map((shape, index) => this.#build.input(`x${index}`, shape, 'float32'));
    for (const number of [0, 1, 2.5]) this.#values.push(this.#build.uniform(number, this.#pick(shapes)));
    const index = this.#build.input('index', [rows], 'int32');
    const one = this.#build.input('one', [1], 'int32');
    this.#indices = [index, this.#build.apply({ type: 'BroadcastTo', shape: [rows] }, one)];
    this.#indices.push(this.#build.apply({ type: 'Tile', repetitions: [2] }, index));
  }

  graph(): Graph {
    for (let count = 0; count < operations; count++) this.#add();
    const last = this.#values.slice(-5).map((value, index) => [`y${index}`, value] as const);
    return this.#build.graph('random', new Map(last));
  }

  #integer(below: number): number {
    return Math.floor(below * this.#random());
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#integer(items.length)];
    if (item === undefined) throw new RangeError('nothing to choose from');
    return item;
  }

  #add(): void {
    const x = this.#pick(this.#random() < 0.6 ? this.#values.slice(-6) : this.#values);
    try {
      const [operation, inputs] = this.#operationOn(x);
      const made = this.#build.apply(operation, ...inputs);
      if (elementCount(made.shape) <= largest) this.#values.push(made);
    } catch (error) {
      // Shapes that do not fit: another time.
      if (!(error instanceof RangeError)) throw error;
    }
  }

  #operationOn(x: Value): [Operation, Value[]] {
    const { shape } = x;
    const other = this.#pick(this.#values);
    if (shape.length === 0) return [{ type: 'Add' }, [x, other]];
    const axis = this.#integer(shape.length);
    const along = (value: number, rest: number) => shape.map((_, place) => (place === axis ? value : rest));
    const size = shape[axis] ?? 1;
    const start = this.#integer(size);
    switch (this.#integer(11)) {
      case 0:
        return [{ type: this.#pick(['Add', 'Sub', 'Mul', 'Maximum', 'Minimum'] as const) }, [x, other]];
      case 1:
        return [{ type: this.#pick(['Neg', 'Tanh', 'Relu', 'Sigmoid'] as const) }, [x]];
      case 2:
        return [{ type: 'MatMul', transposeA: this.#random() < 0.3, transposeB: this.#random() < 0.5 }, [x, other]];
      case 3:
        return [{ type: this.#pick(['Sum', 'Mean', 'Max', 'Min'] as const), axes: [axis], keepDims: start > 0 }, [x]];
      case 4:
        return [{ type: 'Reshape', shape: [...shape.filter((length) => length !== 1), 1] }, [x]];
      case 5:
        return [{ type: 'BroadcastTo', shape: shape.map((length) => (length === 1 ? 3 : length)) }, [x]];
      case 6: {
        const fits = ({ shape: { length, ...rest } }: Value) =>
          length === shape.length && shape.every((wanted, place) => place === axis || rest[place] === wanted);
        const alike = this.#values.filter(fits);
        return [{ type: 'Concat', axis }, [x, this.#pick(alike), this.#pick(alike)]];
      }
      case 7: {
        const length = 1 + this.#integer(size - start);
        return [
          { type: 'Slice', begin: along(start, 0), size: shape.map((all, place) => (place === axis ? length : all)) },
          [x],
        ];
      }
      case 8:
        return [{ type: 'Pad', before: along(start, 0), after: along(1, 0) }, [x]];
      case 9:
        return [{ type: 'Tile', repetitions: along(2, 1) }, [x]];
      default:
        return [{ type: 'Gather', axis: 0 }, [x, this.#pick(this.#indices)]];
    }
  }
}

test('any graph means the same optimised and in ONNX', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      const graph = new RandomGraph(seed).graph();
      const inputs = randomInputs(graph, seed, 1);
      const wanted = interpret(graph, inputs);
      const optimised = optimise(graph);
      const results = [interpret(optimised, inputs), await runOnnx(optimised, inputs), await runOnnx(graph, inputs)];
      for (const [name, { data, shape }] of wanted) {
        expect(optimised.outputs.get(name)?.shape).toEqual(shape);
        const numbers = Float32Array.from(data, Number);
        const tolerance = (index: number) => 1e-4 * Math.max(1, Math.abs(numbers[index] ?? 0));
        for (const found of results) {
          const values = found.get(name);
          const list = values instanceof Float32Array ? values : Float32Array.from(values?.data ?? [], Number);
          expectWithin(list, numbers, tolerance, `${seed}: ${name}`);
        }
      }
    }),
    { numRuns: 150 },
  );
});
