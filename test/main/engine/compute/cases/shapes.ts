import fc from 'fast-check';

/** A shape of one to `rank` axes. */
export function shapes(rank = 4, least = 1): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: 4 }), { minLength: least, maxLength: rank });
}

/** Shapes that broadcast to each other: axes of one entry, axes that are missing in front. */
export function broadcastingShapes(count: number): fc.Arbitrary<number[][]> {
  return shapes(3).chain((shape) => {
    const narrowed = fc
      .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), fc.nat(shape.length))
      .map(([ones, missing]) => shape.map((size, axis) => (ones[axis] === true ? 1 : size)).slice(missing));
    return fc.array(fc.oneof(fc.constant(shape), narrowed), { minLength: count, maxLength: count });
  });
}

/** Some axes of a shape. */
export function axesOf(shape: readonly number[]): fc.Arbitrary<number[]> {
  return fc.subarray(
    shape.map((_, axis) => axis),
    { minLength: 1 },
  );
}

/** One axis of a shape, counted from the front or from the back. */
export function axisOf(shape: readonly number[]): fc.Arbitrary<{ axis: number; named: number }> {
  return fc
    .tuple(fc.nat(shape.length - 1), fc.boolean())
    .map(([axis, back]) => ({ axis, named: back ? axis - shape.length : axis }));
}
