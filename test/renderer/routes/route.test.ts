import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { href, parseRoute, splitHash } from '../../../renderer/routes/route.ts';

describe('addresses', () => {
  it.each([
    ['', { page: 'start' }],
    ['#', { page: 'start' }],
    ['#/', { page: 'start' }],
    ['#/runs', { page: 'runs' }],
    ['#/runs/', { page: 'runs' }],
    ['#/runs?sort=name', { page: 'runs' }],
    ['#/runs/r-abc', { page: 'run', id: 'r-abc' }],
    ['#/runs/%E4', { page: 'run', id: '%E4' }],
    ['#/new?preset=quick', { page: 'new', preset: 'quick', from: undefined }],
    ['#/compare?runs=a,b,', { page: 'compare', runs: ['a', 'b'] }],
    ['#/welcome?group=g-1', { page: 'welcome' }],
    ['#/library', { page: 'library' }],
    ['#/device', { page: 'device' }],
    ['#/runs/a/b', { page: 'unknown', path: '/runs/a/b' }],
    ['#/datasets/x', { page: 'unknown', path: '/datasets/x' }],
    ['#/__proto__', { page: 'unknown', path: '/__proto__' }],
  ])('%s', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });

  it('keep every value of their query', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 })), (query) => {
        const { path, query: read } = splitHash(href('/runs', query));
        expect(path).toBe('/runs');
        expect([...read].sort()).toEqual(Object.entries(query).sort());
      }),
    );
  });

  it('leave out what is not there', () => {
    expect(href('/new', { preset: undefined, from: '' })).toBe('#/new');
  });
});
