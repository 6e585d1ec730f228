import { type ModelWriter } from './modelWriter.ts';

/** Below this the runtime's tanh is exact to its last places; above, the formula is. */
const small = 0.55;

/**
 * Tanh to the last place. The runtime's own is off by a few places near 1, which log(1 - tanh^2), the density of a squashed action,
 * makes an error of some percent: there it is 1 - 2 / (exp(2 |x|) + 1).
 */
export function tanh(writer: ModelWriter, x: string): string {
  const magnitude = writer.node('Abs', [x]);
  const growth = writer.node('Exp', [writer.node('Add', [magnitude, magnitude])]);
  const rest = writer.node('Div', [writer.float(2), writer.node('Add', [growth, writer.float(1)])]);
  const large = writer.node('Mul', [writer.node('Sign', [x]), writer.node('Sub', [writer.float(1), rest])]);
  const isSmall = writer.node('Less', [magnitude, writer.float(small)]);
  return writer.node('Where', [isSmall, writer.node('Tanh', [x]), large]);
}
