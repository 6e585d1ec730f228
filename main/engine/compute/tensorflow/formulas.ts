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

  /** TensorFlow's own inverse square root is an approximation with errors of several units in the last place. */
  inverseSqrt(x: string): string {
    return this.div(this.number(1), this.sqrt(x));
  }

  /**
   * TensorFlow's own tanh is several units in the last place off where it comes near to 1, and 1 - tanh^2, which a squashed policy needs, is made of
   * just these: away from 0 it is (1 - e) / (1 + e) with e = exp(-2 |x|).
   */
  tanh(x: string): string {
    const size = this.#float('Abs', x);
    const exponential = this.#float('Exp', this.mul(size, this.number(-2)));
    const one = this.number(1);
    const far = this.mul(this.#float('Sign', x), this.div(this.sub(one, exponential), this.add(one, exponential)));
    return this.select(this.greater(size, this.number(0.5)), far, this.#float('Tanh', x));
  }

  /**
   * What Mish of x is made of, from one exponential and without cancellation: with e = exp(x) and n = e (e + 2), tanh(softplus(x)) = n / (n + 2).
   * Beyond the limit it is 1 in float32, and e^4 must stay below what float32 holds.
   */
  #mishParts(x: string): { exponential: string; above: string; tanh: string } {
    const exponential = this.#float('Exp', this.#float('Minimum', x, this.number(20)));
    const product = this.mul(exponential, this.add(exponential, this.number(2)));
    const above = this.add(product, this.number(2));
    return { exponential, above, tanh: this.div(product, above) };
  }

  mish(x: string): string {
    return this.mul(x, this.#mishParts(x).tanh);
  }

  /** The gradient times the derivative tanh + x sigmoid (1 - tanh^2), where 1 - tanh^2 = 4 (1 + e)^2 / (n + 2)^2 and sigmoid = e / (1 + e). */
  mishGradient(x: string, gradient: string): string {
    const { exponential, above, tanh } = this.#mishParts(x);
    const rising = this.mul(exponential, this.add(exponential, this.number(1)));
    const slope = this.div(this.mul(this.number(4), rising), this.square(above));
    return this.mul(gradient, this.add(tanh, this.mul(x, slope)));
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
