import { producerOf, uniformOf, type Value } from '../graph/graph.ts';
import { type OperationType } from '../graph/operations.ts';

/** What the names in a pattern stand for. */
export type Bindings = ReadonlyMap<string, Value>;

/** Says how a value can have been made: with the bindings extended by its own, or undefined where it was made otherwise. */
export type Pattern = (value: Value, bindings: Bindings) => Bindings | undefined;

/** Any value; the same one wherever the name occurs. */
export function any(name: string): Pattern {
  return (value, bindings) => {
    const bound = bindings.get(name);
    if (bound === undefined) return new Map([...bindings, [name, value]]);
    return bound === value ? bindings : undefined;
  };
}

/** What the pattern says, under a name. */
export function named(name: string, pattern: Pattern): Pattern {
  return (value, bindings) => {
    const inner = pattern(value, bindings);
    return inner === undefined ? undefined : any(name)(value, inner);
  };
}

/** A constant that is this number everywhere, as float32 stores it. */
export function constant(number: number): Pattern {
  return (value, bindings) => (uniformOf(value) === Math.fround(number) ? bindings : undefined);
}

const commutative: ReadonlySet<OperationType> = new Set(['Add', 'Mul', 'Maximum', 'Minimum']);

function matchAll(patterns: readonly Pattern[], values: readonly Value[], bindings: Bindings): Bindings | undefined {
  let result: Bindings | undefined = bindings;
  for (const [index, pattern] of patterns.entries()) {
    const value = values[index];
    if (result === undefined || value === undefined) return undefined;
    result = pattern(value, result);
  }
  return result;
}

/** An operation of this type on inputs as the patterns say; the two inputs of a commutative one in either order. */
export function operation(type: OperationType, ...patterns: readonly Pattern[]): Pattern {
  return (value, bindings) => {
    const node = producerOf(value);
    if (node?.operation.type !== type || node.inputs.length !== patterns.length) return undefined;
    const found = matchAll(patterns, node.inputs, bindings);
    if (found !== undefined || !commutative.has(type)) return found;
    return matchAll([...patterns].reverse(), node.inputs, bindings);
  };
}

/** The mean over the last axis, which stays with size 1. */
export function meanOfRows(pattern: Pattern): Pattern {
  return (value, bindings) => {
    const node = producerOf(value);
    if (node?.operation.type !== 'Mean' || !node.operation.keepDims) return undefined;
    const [input] = node.inputs;
    const last = (input?.shape.length ?? 0) - 1;
    const { axes } = node.operation;
    return input !== undefined && axes.length === 1 && axes[0] === last ? pattern(input, bindings) : undefined;
  };
}

/** Matches a value from scratch. Returns what a name stands for, and throws where it stands for nothing. */
export function match(pattern: Pattern, value: Value): ((name: string) => Value) | undefined {
  const bindings = pattern(value, new Map());
  if (bindings === undefined) return undefined;
  return (name) => {
    const bound = bindings.get(name);
    if (bound === undefined) throw new Error(`the pattern binds no ${name}`);
    return bound;
  };
}
