import { z } from 'zod';
import {
  arithmeticTypes,
  comparisonTypes,
  logicalTypes,
  type Operation,
  type OperationType,
  unaryTypes,
} from '../../graph/operations.ts';
import { dtype, listRecorder, noAttributes, type Recorder, recorder, required, single } from '../recorder.ts';

const unary = (operation: Operation) => single(operation, ['x']);
const binary = (operation: Operation) => single(operation, ['a', 'b']);

const cast = recorder(z.strictObject({ dtype }), ['x'], (build, [x], { dtype: wanted }) => {
  const value = required(x);
  return value.dtype === wanted ? value : build.apply({ type: 'Cast', dtype: wanted }, value);
});

const select = recorder(noAttributes, ['condition', 't', 'e'], (build, inputs) =>
  build.node({ type: 'Select' }, inputs),
);

const adam = recorder(
  z.strictObject({ beta1: z.number(), beta2: z.number(), epsilon: z.number() }),
  ['parameter', 'expAvg', 'expAvgSq', 'gradient', 'factor', 'stepSize', 'inverseCorrection'],
  (build, inputs, attributes) => build.node({ type: 'Adam', ...attributes }, inputs),
);

const clip = recorder(
  z.strictObject({ clipValueMin: z.number(), clipValueMax: z.number() }),
  ['x'],
  (build, inputs, { clipValueMin, clipValueMax }) =>
    build.node({ type: 'Clip', minimum: clipValueMin, maximum: clipValueMax }, inputs),
);

const step = recorder(z.strictObject({ alpha: z.number() }), ['x'], (build, inputs, { alpha }) =>
  build.node({ type: 'Step', alpha }, inputs),
);

const addAll = listRecorder(noAttributes, (build, inputs) =>
  inputs.slice(1).reduce((sum, input) => build.apply({ type: 'Add' }, sum, input), required(inputs[0])),
);

/** Those of a graph's operations that are no TF.js kernel of the same name and attributes. */
const others: ReadonlySet<OperationType> = new Set(['Softmax', 'LogSoftmax', 'Mish', 'Mul', 'Div']);
const unaries = [...unaryTypes, 'LogicalNot', 'IsNan'] as const;
const binaries = [...arithmeticTypes, ...comparisonTypes, ...logicalTypes] as const;

export const elementwiseKernels: readonly [string, Recorder][] = [
  ...unaries.filter((type) => !others.has(type)).map((type): [string, Recorder] => [type, unary({ type })]),
  ...binaries.filter((type) => !others.has(type)).map((type): [string, Recorder] => [type, binary({ type })]),
  ['Multiply', binary({ type: 'Mul' })],
  ['RealDiv', binary({ type: 'Div' })],
  ['Identity', recorder(noAttributes, ['x'], (_, [x]) => required(x))],
  ['Step', step],
  ['ClipByValue', clip],
  ['Cast', cast],
  ['Select', select],
  ['AddN', addAll],
  ['DecantAdam', adam],
  ['DecantMovingAverage', single({ type: 'MovingAverage' }, ['target', 'online', 'tau'])],
];
