import { z } from 'zod';

/** One entry of a form, made from the setting's own schema and metadata. */
export interface FormField {
  /** Keys from the outside in. */
  path: readonly string[];
  /** The path as people write it: `student.size`. */
  key: string;
  title: string;
  description: string;
  unit: string | undefined;
  advanced: boolean;
  kind: FieldKind;
  /** The allowed values, where the schema lists them. */
  choices: readonly Choice[];
  range: Range;
  /** What is taken where the entry is left out; undefined where nothing is. */
  fallback: Choice | boolean | undefined;
  /** Must be given: there is no default, and it may not be left out. */
  required: boolean;
}

export type FieldKind = 'integer' | 'number' | 'text' | 'flag' | 'choice';
export type Choice = string | number;

export interface Range {
  minimum?: number;
  moreThan?: number;
  maximum?: number;
  lessThan?: number;
  /** Characters of a text. */
  longest?: number;
}

const choiceSchema = z.union([z.string(), z.number()]);

/** The part of JSON Schema that settings use. */
const nodeSchema = z.looseObject({
  type: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  unit: z.string().optional(),
  advanced: z.boolean().optional(),
  default: z.unknown().optional(),
  enum: z.array(choiceSchema).optional(),
  const: choiceSchema.optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  maxLength: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), nodeSchema).optional();
  },
  get anyOf() {
    return z.array(nodeSchema).optional();
  },
});
type Node = z.infer<typeof nodeSchema>;

/**
 * Every titled setting of an object schema, in its order, depth first. Of a union of objects the titled settings of every branch are there.
 * What has no title (lists, say) is no field: it can be written as text.
 */
export function fieldsOf(schema: z.ZodType): FormField[] {
  const root = nodeSchema.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return fieldsUnder(root, [], { required: true, fallback: root.default });
}

interface Place {
  required: boolean;
  /** The default of the object around, which may hold one for its entries. */
  fallback: unknown;
}

function fieldsUnder(node: Node, path: readonly string[], place: Place): FormField[] {
  const fallback = node.default === undefined ? place.fallback : node.default;
  if (node.title !== undefined && path.length > 0) return [fieldOf(node, path, { ...place, fallback })];
  const own = Object.entries(node.properties ?? {}).flatMap(([key, entry]) =>
    fieldsUnder(entry, [...path, key], {
      required: place.required && (node.required ?? []).includes(key),
      fallback: entryOf(fallback, key),
    }),
  );
  const branches = (node.anyOf ?? []).flatMap((branch) => fieldsUnder(branch, path, { ...place, fallback }));
  return [...own, ...branches];
}

function fieldOf(node: Node, path: readonly string[], place: Place): FormField {
  const choices = choicesOf(node);
  const { fallback } = place;
  const known = typeof fallback === 'string' || typeof fallback === 'number' || typeof fallback === 'boolean';
  return {
    path,
    key: path.join('.'),
    title: node.title ?? path.join('.'),
    description: node.description ?? '',
    unit: node.unit,
    advanced: node.advanced ?? false,
    kind: choices.length > 0 ? 'choice' : kindOf(node.type),
    choices,
    range: rangeOf(node),
    fallback: known ? fallback : undefined,
    required: place.required && !known,
  };
}

function kindOf(type: string | undefined): FieldKind {
  if (type === 'integer' || type === 'number') return type;
  return type === 'boolean' ? 'flag' : 'text';
}

function choicesOf(node: Node): Choice[] {
  if (node.enum !== undefined) return node.enum;
  return (node.anyOf ?? []).flatMap((branch) => (branch.const === undefined ? [] : [branch.const]));
}

function rangeOf(node: Node): Range {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, maxLength } = node;
  return {
    ...(minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER && { minimum }),
    ...(exclusiveMinimum !== undefined && { moreThan: exclusiveMinimum }),
    // Every whole number has this bound, which says nothing.
    ...(maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && { maximum }),
    ...(exclusiveMaximum !== undefined && { lessThan: exclusiveMaximum }),
    ...(maxLength !== undefined && { longest: maxLength }),
  };
}

function entryOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
