import { type ModelWriter } from './modelWriter.ts';

/**
 * Mish without a kernel for it. With s = sigmoid(y) and q = (1 - s)^2, tanh(softplus(y)) = (1 - q) / (1 + q) = 1 - 2 softsign(q).
 * HardSigmoid is a line that is cut off at 0 and 1, where these values lie anyway: one pass over memory instead of two.
 */
function sigmoidAndTanh(writer: ModelWriter, y: string): { sigmoid: string; tanh: string } {
  const sigmoid = writer.node('Sigmoid', [y]);
  const complement = oneMinus(writer, sigmoid);
  const softsign = writer.node('Softsign', [writer.node('Mul', [complement, complement])]);
  return { sigmoid, tanh: writer.node('HardSigmoid', [softsign], { alpha: { float: -2 }, beta: { float: 1 } }) };
}

/** 1 - x for x in [0, 1]. */
function oneMinus(writer: ModelWriter, x: string): string {
  return writer.node('HardSigmoid', [x], { alpha: { float: -1 }, beta: { float: 1 } });
}

export function mish(writer: ModelWriter, y: string): string {
  return writer.node('Mul', [y, sigmoidAndTanh(writer, y).tanh]);
}

/** dOut times the derivative, tanh + y sigmoid (1 - tanh^2). */
export function mishGradient(writer: ModelWriter, y: string, dOut: string): string {
  const { sigmoid, tanh } = sigmoidAndTanh(writer, y);
  const slope = oneMinus(writer, writer.node('Mul', [tanh, tanh]));
  const curved = writer.node('Mul', [writer.node('Mul', [y, sigmoid]), slope]);
  return writer.node('Mul', [dOut, writer.node('Add', [tanh, curved])]);
}
