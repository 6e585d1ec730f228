import { expect, it } from 'vitest';
import { Grants } from '../../../main/host/grants.ts';

it('gives the paths once', () => {
  const grants = new Grants();
  const id = grants.create(['/a', '/b'], 'read');
  expect(grants.redeem(id, 'read')).toEqual(['/a', '/b']);
  expect(() => grants.redeem(id, 'read')).toThrow(expect.objectContaining({ code: 'UNAUTHORISED' }));
});

it('refuses another use, and is spent by the attempt', () => {
  const grants = new Grants();
  const id = grants.create(['/a'], 'read');
  expect(() => grants.redeem(id, 'write')).toThrow(/to read these files, not to write/);
  expect(() => grants.redeem(id, 'read')).toThrow(expect.objectContaining({ code: 'UNAUTHORISED' }));
});

it('expires', () => {
  let now = 0;
  const grants = new Grants(1000, () => now);
  const [early, late] = [grants.create(['/a'], 'read'), grants.create(['/b'], 'read')];
  now = 999;
  expect(grants.redeem(early, 'read')).toEqual(['/a']);
  now = 1000;
  expect(() => grants.redeem(late, 'read')).toThrow(expect.objectContaining({ code: 'UNAUTHORISED' }));
});

it('cannot be guessed', () => {
  const grants = new Grants();
  grants.create(['/a'], 'read');
  expect(() => grants.redeem('1', 'read')).toThrow();
  expect(grants.create(['/a'], 'read')).toMatch(/^[0-9a-f-]{36}$/);
});
