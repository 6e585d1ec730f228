/** dtypes inside a graph. */
export type GraphDataType = 'float32' | 'int32' | 'bool';

/** Functions of one float32 tensor that keep its shape, named as TF.js names them; Softmax and LogSoftmax go along the last axis. */
export const unaryTypes = [
  'Neg',
  'Abs',
  'Sign',
  'Exp',
  'Log',
  'Sqrt',
  'Rsqrt',
  'Square',
  'Reciprocal',
  'Tanh',
  'Sigmoid',
  'Relu',
  'Softmax',
  'LogSoftmax',
  'Mish',
] as const;
export type UnaryType = (typeof unaryTypes)[number];

/** Elementwise functions of two tensors of one dtype, which broadcast. */
export const arithmeticTypes = ['Add', 'Sub', 'Mul', 'Div', 'Maximum', 'Minimum', 'SquaredDifference'] as const;
export type ArithmeticType = (typeof arithmeticTypes)[number];

/** As above, with bool results. */
export const comparisonTypes = ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'] as const;
export const logicalTypes = ['LogicalAnd', 'LogicalOr'] as const;
export type ComparisonType = (typeof comparisonTypes)[number] | (typeof logicalTypes)[number];

export const reductionTypes = ['Sum', 'Mean', 'Max', 'Min'] as const;
export type ReductionType = (typeof reductionTypes)[number];

/**
 * What a node computes, with everything that its result depends on besides its inputs. Axes are never negative, shapes never have
 * a -1.
 */
export type Operation =
  | { readonly type: UnaryType }
  | { readonly type: ArithmeticType }
  | { readonly type: ComparisonType }
  | { readonly type: 'LogicalNot' }
  | { readonly type: 'IsNan' }
  /** 1 where x > 0, otherwise alpha. */
  | { readonly type: 'Step'; readonly alpha: number }
  | { readonly type: 'Clip'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'Cast'; readonly dtype: GraphDataType }
  /** (condition, a, b), all broadcast. */
  | { readonly type: 'Select' }
  | { readonly type: ReductionType; readonly axes: readonly number[]; readonly keepDims: boolean }
  /** The product of the last two axes; axes before them broadcast. */
  | { readonly type: 'MatMul'; readonly transposeA: boolean; readonly transposeB: boolean }
  /** (x, weight, bias): x [rows, in] times the weight, plus the bias [out] or [rows, out]. */
  | { readonly type: 'Linear'; readonly transposeA: boolean; readonly transposeB: boolean }
  | { readonly type: 'Reshape'; readonly shape: readonly number[] }
  | { readonly type: 'BroadcastTo'; readonly shape: readonly number[] }
  | { readonly type: 'Transpose'; readonly permutation: readonly number[] }
  | { readonly type: 'Concat'; readonly axis: number }
  | { readonly type: 'Slice'; readonly begin: readonly number[]; readonly size: readonly number[] }
  | { readonly type: 'Pad'; readonly before: readonly number[]; readonly after: readonly number[] }
  | { readonly type: 'Tile'; readonly repetitions: readonly number[] }
  /** (x, int32 indices): entries of one axis. */
  | { readonly type: 'Gather'; readonly axis: number }
  /** int32 indices to float32 rows of 0 and 1. */
  | { readonly type: 'OneHot'; readonly depth: number }
  /** The k greatest of the last axis, greatest first: values, int32 indices. */
  | { readonly type: 'TopK'; readonly k: number }
  /** (x, gain, shift) over the last axis: y, mean, inverse deviation, the last two with an axis of 1. */
  | { readonly type: 'LayerNorm'; readonly epsilon: number }
  /** (dy, x, mean, inverse deviation, gain): dx, and dGain and dShift summed over all axes but the last. */
  | { readonly type: 'LayerNormGradient' }
  /** (y, dOut): dy. */
  | { readonly type: 'MishGradient' }
  /** (parameter, expAvg, expAvgSq, gradient, factor, stepSize, inverseCorrection): the new first three. */
  | { readonly type: 'Adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  /** (target, online, tau): the target moved towards the online one. */
  | { readonly type: 'MovingAverage' };

export type OperationType = Operation['type'];

/** A text that is equal for equal operations, and for no others: JSON would make null of infinities. */
export function operationKey(operation: Operation): string {
  const entries = Object.entries(operation).sort(([a], [b]) => a.localeCompare(b));
  return JSON.stringify(entries, (_, value: unknown) => (typeof value === 'number' ? numberKey(value) : value));
}

/** A text that is equal for equal numbers, and for no others: zeros of both signs differ, NaN is NaN. */
export function numberKey(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

const unarySet: ReadonlySet<string> = new Set(unaryTypes);
const arithmeticSet: ReadonlySet<string> = new Set(arithmeticTypes);
const comparisonSet: ReadonlySet<string> = new Set([...comparisonTypes, ...logicalTypes]);
const reductionSet: ReadonlySet<string> = new Set(reductionTypes);

export function isUnary(operation: Operation): operation is Extract<Operation, { type: UnaryType }> {
  return unarySet.has(operation.type);
}

export function isArithmetic(operation: Operation): operation is Extract<Operation, { type: ArithmeticType }> {
  return arithmeticSet.has(operation.type);
}

export function isComparison(operation: Operation): operation is Extract<Operation, { type: ComparisonType }> {
  return comparisonSet.has(operation.type);
}

export function isReduction(operation: Operation): operation is Extract<Operation, { type: ReductionType }> {
  return reductionSet.has(operation.type);
}
