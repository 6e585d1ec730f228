import { type Value } from '../../graph/graph.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { sameShape } from '../../graph/shapes.ts';
import { isCallOf, joined, madeBy } from './patterns.ts';

interface Place {
  part: Value;
  axis: number;
  start: number;
}

/** What a pad puts where, if it adds to one axis only. */
function placeOf(value: Value): Place | undefined {
  const pad = madeBy(value, 'Pad');
  const [part] = pad?.inputs ?? [];
  if (pad === undefined || part === undefined) return undefined;
  const padded = part.shape.flatMap((size, axis) => (size === value.shape[axis] ? [] : [axis]));
  const [axis] = padded;
  if (axis === undefined || padded.length > 1) return undefined;
  return { part, axis, start: pad.operation.before[axis] ?? 0 };
}

/** The terms of a sum of sums of one shape. */
function termsOf(value: Value): Value[] {
  const inputs = madeBy(value, 'Add')?.inputs ?? [];
  return inputs.length > 0 && inputs.every(({ shape }) => sameShape(shape, value.shape))
    ? inputs.flatMap(termsOf)
    : [value];
}

/** A sum of padded values that lie side by side and leave no gap: the gradients of the slices of one value. */
export const padsToConcat: Rule = (call, { build }) => {
  const [a, b] = call.inputs;
  if (!isCallOf(call, 'Add') || a === undefined || b === undefined || !sameShape(a.shape, b.shape)) return undefined;
  const terms = [...termsOf(a), ...termsOf(b)];
  const places = terms.map(placeOf).filter((place) => place !== undefined);
  const [first] = places;
  if (first === undefined || places.length !== terms.length) return undefined;
  const { axis } = first;
  places.sort((one, other) => one.start - other.start);
  let end = 0;
  for (const place of places) {
    if (place.axis !== axis || place.start !== end) return undefined;
    end += place.part.shape[axis] ?? 0;
  }
  if (end !== a.shape[axis]) return undefined;
  return [
    joined(
      build,
      places.map(({ part }) => part),
      axis,
    ),
  ];
};
