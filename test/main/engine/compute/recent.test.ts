import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recent } from '../../../../main/engine/compute/recent.ts';

test('the values that were used last are kept, whatever is asked for', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.tuple(fc.boolean(), key)), (most, uses) => {
      const recent = new Recent<{ use: number }>(most);
      // Most recently used first.
      let model: [string, { use: number }][] = [];
      uses.forEach(([sets, used], use) => {
        const known = model.find(([name]) => name === used);
        const others = model.filter(([name]) => name !== used);
        if (sets) {
          const value = { use };
          const wanted = [...(known ? [known] : []), ...others.slice(most - 1)].map(([, old]) => old);
          expect(recent.set(used, value)).toEqual(wanted);
          model = [[used, value], ...others.slice(0, most - 1)];
        } else {
          expect(recent.get(used)).toBe(known?.[1]);
          if (known) model = [known, ...others];
        }
      });
      expect(recent.clear()).toEqual(model.map(([, value]) => value).reverse());
      expect(recent.clear()).toEqual([]);
    }),
  );
});

test('a value that is set again does not fall out, and at least one is kept', () => {
  const recent = new Recent<string>(1);
  expect(recent.set('a', 'value')).toEqual([]);
  expect(recent.set('a', 'value')).toEqual([]);
  expect(recent.set('b', 'other')).toEqual(['value']);
  for (const most of [0, Number.NaN]) expect(() => new Recent(most)).toThrow(RangeError);
});
