import { type Node } from '../graph/graph.ts';
import { type Operation } from '../graph/operations.ts';
import { type Formulas } from './formulas.ts';

type Composite = Extract<
  Operation,
  { type: 'LayerNorm' | 'LayerNormGradient' | 'MishGradient' | 'Adam' | 'MovingAverage' }
>;

/** Operations that TensorFlow has none for, written out; XLA fuses them again. Their formulas are those of graph/interpret. */
export function lowerComposite(
  maths: Formulas,
  operation: Composite,
  node: Node,
  inputs: readonly string[],
): readonly string[] {
  const given = (index: number): string => {
    const input = inputs[index];
    if (input === undefined) throw new RangeError(`${operation.type} lacks input ${index}`);
    return input;
  };
  const rank = node.inputs[0]?.shape.length ?? 0;
  const last = [rank - 1];
  switch (operation.type) {
    case 'LayerNorm': {
      const mean = maths.reduce('Mean', given(0), last, true);
      const centred = maths.sub(given(0), mean);
      const variance = maths.reduce('Mean', maths.square(centred), last, true);
      const deviation = maths.inverseSqrt(maths.add(variance, maths.number(operation.epsilon)));
      return [maths.add(maths.mul(maths.mul(centred, deviation), given(1)), given(2)), mean, deviation];
    }
    case 'LayerNormGradient': {
      const [dy, x, mean, deviation, gain] = [given(0), given(1), given(2), given(3), given(4)];
      const normal = maths.mul(maths.sub(x, mean), deviation);
      const slope = maths.mul(dy, gain);
      const along = maths.mul(normal, maths.reduce('Mean', maths.mul(slope, normal), last, true));
      const rest = maths.sub(maths.sub(slope, maths.reduce('Mean', slope, last, true)), along);
      const rows = Array.from({ length: rank - 1 }, (_, axis) => axis);
      return [
        maths.mul(deviation, rest),
        maths.reduce('Sum', maths.mul(dy, normal), rows, false),
        maths.reduce('Sum', dy, rows, false),
      ];
    }
    case 'MishGradient':
      return [maths.mishGradient(given(0), given(1))];
    case 'Adam': {
      const { beta1, beta2, epsilon } = operation;
      const [parameter, average, square] = [given(0), given(1), given(2)];
      const gradient = maths.mul(given(3), given(4));
      const newAverage = maths.add(
        maths.mul(average, maths.number(beta1)),
        maths.mul(gradient, maths.number(1 - beta1)),
      );
      const newSquare = maths.add(
        maths.mul(square, maths.number(beta2)),
        maths.mul(maths.square(gradient), maths.number(1 - beta2)),
      );
      const denominator = maths.add(maths.mul(maths.sqrt(newSquare), given(6)), maths.number(epsilon));
      const step = maths.div(maths.mul(newAverage, given(5)), denominator);
      return [maths.sub(parameter, step), newAverage, newSquare];
    }
    case 'MovingAverage':
      return [maths.add(given(0), maths.mul(given(2), maths.sub(given(1), given(0))))];
  }
}
