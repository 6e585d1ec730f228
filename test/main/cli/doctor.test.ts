import { expect, it } from 'vitest';
import { decantHere } from './run.ts';

it('--cuda alone asks for nothing, and that is wrong usage', async () => {
  const { status, stdout, stderr } = await decantHere('doctor', '--cuda');
  expect(stderr).toMatch(/--setup or --remove/);
  expect(status).toBe(2);
  expect(stdout).toBe('');
});
