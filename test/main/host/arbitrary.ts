import fc, { type Arbitrary } from 'fast-check';
import { z } from 'zod';

/** Values that a schema accepts, made from the schema itself: a message added to the contract is tested without another line here. */
export function arbitraryOf(schema: z.core.$ZodType): Arbitrary<unknown> {
  return build(schema).filter((value) => z.safeParse(schema, value).success);
}

function build(schema: z.core.$ZodType): Arbitrary<unknown> {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'object') return buildObject(def);
  if (def.type === 'array')
    return fc.array(build(def.element), { maxLength: 4, minLength: boundsOf(schema).minItems ?? 0 });
  if (def.type === 'record') return fc.dictionary(fc.string(), build(def.valueType), { maxKeys: 4 });
  if (def.type === 'union') return fc.oneof(...def.options.map(build));
  if (def.type === 'enum') return fc.constantFrom(...Object.values(def.entries));
  if (def.type === 'literal') return fc.constantFrom(...def.values);
  if (def.type === 'nullable') return fc.option(build(def.innerType));
  if (def.type === 'optional' || def.type === 'default' || def.type === 'prefault') return build(def.innerType);
  if (def.type === 'boolean') return fc.boolean();
  if (def.type === 'number') return buildNumber(schema);
  if (def.type === 'string') return buildString(schema);
  if (def.type === 'unknown') return fc.jsonValue();
  // The contract's only instances are the columns of a series.
  if (def.type === 'custom') return fc.float64Array({ maxLength: 20 });
  throw new Error(`the generator does not know ${def.type}: teach it`);
}

function buildObject(def: z.core.$ZodObjectDef): Arbitrary<unknown> {
  const shape = Object.entries(def.shape);
  const required = shape.filter(([, value]) => !isOptional(value)).map(([key]) => key);
  return fc.record(Object.fromEntries(shape.map(([key, value]) => [key, build(value)])), {
    requiredKeys: required,
    noNullPrototype: true,
  });
}

function isOptional(schema: z.core.$ZodType): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'optional' || def.type === 'default' || def.type === 'prefault';
}

/** The bounds of a leaf, by the words of JSON Schema. */
function boundsOf(schema: z.core.$ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, { unrepresentable: 'any' });
}

function buildNumber(schema: z.core.$ZodType): Arbitrary<number> {
  const { type, minimum, maximum, ...exclusive } = boundsOf(schema);
  const exclusiveMinimum = numberIn(exclusive['exclusiveMinimum']);
  const exclusiveMaximum = numberIn(exclusive['exclusiveMaximum']);
  const least = exclusiveMinimum ?? minimum ?? -1e9;
  const most = exclusiveMaximum ?? maximum ?? 1e9;
  if (type === 'integer')
    return fc.integer({
      min: Math.max(least + (exclusiveMinimum === undefined ? 0 : 1), -(2 ** 31)),
      max: Math.min(most - (exclusiveMaximum === undefined ? 0 : 1), 2 ** 31 - 1),
    });
  return fc.double({
    min: least,
    max: most,
    minExcluded: exclusiveMinimum !== undefined,
    maxExcluded: exclusiveMaximum !== undefined,
    noNaN: true,
  });
}

/** The old drafts of JSON Schema have booleans here. */
function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function buildString(schema: z.core.$ZodType): Arbitrary<string> {
  const { format, pattern, minLength, maxLength } = boundsOf(schema);
  if (format === 'date-time')
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString());
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ unit: 'binary', minLength: minLength ?? 0, maxLength: Math.min(maxLength ?? 40, 40) });
}
