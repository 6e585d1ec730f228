import { expect, it } from 'vitest';
import type { BackendReport } from '../../../shared/device.ts';
import { testHost } from '../host/library.ts';
import { decantHere } from './run.ts';

const backend = (name: string, automatic: boolean): BackendReport => ({
  ...{ name, label: name, works: true, automatic, reason: 'it is there', action: null },
});

it('goes on with the other backends where one fails, and names each', async () => {
  const probeBackends = () => Promise.resolve([backend('tfjs-node', false), backend('wasm', true)]);
  const { home } = await testHost({ atStep: 1, then: 'failed' }, { probeBackends });
  const { status, stderr } = await decantHere('--home', home, 'bench');
  expect(stderr).toContain('Benchmark tfjs-node: as asked');
  expect(stderr).toContain('Benchmark wasm: as asked');
  // With no figure at all the command has failed.
  expect(stderr).toContain('DIVERGED');
  expect(status).toBe(1);
});
