import { attribute } from './attributes.ts';
import { type FunctionBody } from './functionBody.ts';

/** Float32 arithmetic on references, for operations that TensorFlow has no one operation for. */
export class Formulas {
  readonly body: FunctionBody;

  constructor(body: FunctionBody) {
    this.body = body;
  }

  number(value: number): string {
    return this.body.scalar(value);
  }

  #float(op: string, ...inputs: readonly string[]): string {
    return this.body.apply(op, inputs, { T: attribute.type('float32') });
  }

  add(a: string, b: string): string {
    return this.#float('AddV2', a, b);
  }

  sub(a: string, b: string): string {
    return this.#float('Sub', a, b);
  }

  mul(a: string, b: string): string {
    return this.#float('Mul', a, b);
  }

  div(a: string, b: string): string {
    return this.#float('RealDiv', a, b);
  }

  square(x: string): string {
    return this.#float('Square', x);
  }

  sqrt(x: string): string {
    return this.#float('Sqrt', x);
  }

  rsqrt(x: string): string {
    return this.#float('Rsqrt', x);
  }

  tanh(x: string): string {
    return this.#float('Tanh', x);
  }

  sigmoid(x: string): string {
    return this.#float('Sigmoid', x);
  }

  softplus(x: string): string {
    return this.#float('Softplus', x);
  }

  mish(x: string): string {
    return this.mul(x, this.tanh(this.softplus(x)));
  }

  greater(a: string, b: string): string {
    return this.#float('Greater', a, b);
  }

  select(condition: string, a: string, b: string): string {
    return this.#float('SelectV2', condition, a, b);
  }

  clip(x: string, minimum: number, maximum: number): string {
    return this.#float('Minimum', this.#float('Maximum', x, this.number(minimum)), this.number(maximum));
  }

  reduce(op: 'Sum' | 'Mean', x: string, axes: readonly number[], keepDims: boolean): string {
    return this.body.apply(op, [x, this.body.integers(axes)], {
      T: attribute.type('float32'),
      Tidx: attribute.type('int32'),
      keep_dims: attribute.bool(keepDims),
    });
  }
}
