import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openHost } from '../../../main/host/host.ts';
import { type EngineExit, type EngineLauncher } from '../../../main/jobs/launcher.ts';
import { tensorflowPlaces } from '../../../main/setup/places.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const choice = { tool: 'tensorflow', variant: 'cpu' } as const;

/** Engines that do nothing until they are let go: nothing is downloaded here. */
const idleEngines: EngineLauncher = {
  launch: () => {
    let leave: (exit: EngineExit) => void = () => undefined;
    const exited = new Promise<EngineExit>((resolve) => {
      leave = resolve;
    });
    const end = (): void => {
      leave({ code: 0, signal: null });
    };
    return Promise.resolve({
      pid: process.pid,
      exited,
      send: end,
      onHint: () => undefined,
      disconnect: end,
      kill: end,
    });
  },
};

it('a tool is listed, set up by one job at a time, and removed when nobody is at it', async () => {
  const tools = join(temporaryFolder(), 'tools');
  vi.stubEnv('DECANT_TOOLS', tools);
  const host = await openHost({ home: temporaryFolder(), engineLauncher: idleEngines });
  try {
    const { client } = host;
    const report = async () => (await client.request('tools.list', {})).find(({ variant }) => variant === 'cpu');
    expect(await report()).toMatchObject({ ...choice, state: 'absent', usedBytes: 0, job: null });
    expect((await report())?.downloadBytes).toBeGreaterThan(2e8);

    const [{ id }, other] = await Promise.all([
      client.request('tools.setup', choice),
      client.request('tools.setup', choice),
    ]);
    expect(other.id).toBe(id);
    expect((await client.request('tools.setup', choice)).id).toBe(id);
    expect((await report())?.job).toBe(id);
    expect((await client.request('jobs.get', { id })).job).toMatchObject({
      kind: 'setup',
      name: 'Set up tensorflow (cpu)',
    });
    await expect(client.request('tools.remove', choice)).rejects.toMatchObject({ code: 'IN_USE' });

    await client.request('jobs.stop', { id });
    await expect.poll(async () => (await report())?.job).toBeNull();
    const { folder } = tensorflowPlaces('cpu', tools);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'part'), 'half');
    expect(await report()).toMatchObject({ state: 'partial', usedBytes: 4 });
    expect(await client.request('tools.remove', choice)).toEqual({ bytes: 4 });
    expect(await report()).toMatchObject({ state: 'absent', usedBytes: 0 });
  } finally {
    await host.close();
  }
});
