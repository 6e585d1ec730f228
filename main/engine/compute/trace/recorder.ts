import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type GraphBuilder } from '../graph/builder.ts';
import { type Value } from '../graph/graph.ts';
import { type Operation } from '../graph/operations.ts';

/** Records one TF.js kernel: its inputs by name, its attributes unchecked. */
export type Recorder = (
  build: GraphBuilder,
  inputs: Readonly<Record<string, Value>>,
  attributes: unknown,
) => readonly Value[];

export const noAttributes = z.strictObject({});
export const integers = z.array(z.int());
export const axes = z.union([z.int(), integers]);

/** A kernel whose attributes must be exactly these: one that is not known could change what is computed. */
export function recorder<Attributes>(
  schema: z.ZodType<Attributes>,
  names: readonly string[],
  record: (build: GraphBuilder, inputs: Value[], attributes: Attributes) => Value | readonly Value[],
): Recorder {
  return (build, inputs, attributes) => {
    const unknown = Object.keys(inputs).filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new RangeError(`unknown input ${unknown.join(', ')}`);
    const ordered = names.map((name) => {
      const value = inputs[name];
      if (value === undefined) throw new RangeError(`input ${name} is missing`);
      return value;
    });
    // An attribute that is present as undefined is absent.
    const given = Object.fromEntries(
      Object.entries(z.record(z.string(), z.unknown()).parse(attributes ?? {})).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const result = record(build, ordered, schema.parse(given));
    return isValues(result) ? result : [result];
  };
}

function isValues(result: Value | readonly Value[]): result is readonly Value[] {
  return Array.isArray(result);
}

/** A kernel with any number of inputs, named "0", "1", ... */
export function listRecorder<Attributes>(
  schema: z.ZodType<Attributes>,
  record: (build: GraphBuilder, inputs: Value[], attributes: Attributes) => Value,
): Recorder {
  return (build, inputs, attributes) => {
    const ordered = Object.keys(inputs).map((_, index) => {
      const value = inputs[String(index)];
      if (value === undefined) throw new RangeError(`input ${index} is missing`);
      return value;
    });
    return [record(build, ordered, schema.parse(attributes ?? {}))];
  };
}

/** A kernel without attributes that is one operation. */
export function single(operation: Operation, names: readonly string[]): Recorder {
  return recorder(noAttributes, names, (build, inputs) => build.node(operation, inputs));
}

export const dtype = z.enum(['float32', 'int32', 'bool']);

/** Axes as numbers from 0; all of them where none is named. */
export function normalAxes(axis: number | number[] | null | undefined, shape: readonly number[]): number[] {
  return tf.util.parseAxisParam(axis ?? shape.map((_, index) => index), [...shape]);
}

/** Errors: RangeError where the kernel was not given the input. */
export function required(value: Value | undefined): Value {
  if (value === undefined) throw new RangeError('an input is missing');
  return value;
}
