import { type ModelWriter } from './modelWriter.ts';

/** Beyond this Mish is the identity in float32, and the exponential still finite. */
const limit = 20;

/**
 * Mish without a kernel for it. With e = exp(y), softsign(x) = x / (1 + |x|) is a division and an addition in one pass:
 * tanh(softplus(y)) = softsign(e (e / 2 + 1)) and sigmoid(y) = softsign(e), both exact to their last places for y of either sign.
 */
function exponential(writer: ModelWriter, y: string): string {
  return writer.node('Exp', [writer.node('Min', [y, writer.float(limit)])]);
}

function tanhOfSoftplus(writer: ModelWriter, e: string): string {
  const half = writer.node('Mul', [e, writer.float(0.5)]);
  return writer.node('Softsign', [writer.node('Mul', [e, writer.node('Add', [half, writer.float(1)])])]);
}

export function mish(writer: ModelWriter, y: string): string {
  return writer.node('Mul', [y, tanhOfSoftplus(writer, exponential(writer, y))]);
}

/** dOut times the derivative, tanh + y sigmoid (1 - tanh^2). */
export function mishGradient(writer: ModelWriter, y: string, dOut: string): string {
  const e = exponential(writer, y);
  const tanh = tanhOfSoftplus(writer, e);
  // HardSigmoid is a line that is cut off at 0 and 1, where this value lies anyway: one pass instead of two.
  const square = writer.node('Mul', [tanh, tanh]);
  const slope = writer.node('HardSigmoid', [square], { alpha: { float: -1 }, beta: { float: 1 } });
  const curved = writer.node('Mul', [writer.node('Mul', [y, writer.node('Softsign', [e])]), slope]);
  return writer.node('Mul', [dOut, writer.node('Add', [tanh, curved])]);
}
