import { describe, expect, it } from 'vitest';
import { type EngineProcess, type Machine } from '../../../../main/host/device/machine.ts';
import { Store } from '../../../../main/store/store.ts';
import { type BackendReport, type Device, type Telemetry } from '../../../../shared/device.ts';
import { DecantError } from '../../../../shared/errors.ts';
import { idleCard } from '../../../support/deviceRecords.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';
import { letGo, prepareLibrary, training } from '../../jobs/prepare.ts';
import { testHost } from '../library.ts';

const device: Device = {
  operatingSystem: 'A system 1, x64',
  processor: { name: 'A processor', physicalCores: 2, threads: 4, instructionSets: ['AVX2', 'FMA'] },
  memoryBytes: 16e9,
  freeMemoryBytes: 9e9,
  gpus: [idleCard],
  problem: null,
};

function fakeMachine(): Machine & { engines: (readonly EngineProcess[])[] } {
  const engines: (readonly EngineProcess[])[] = [];
  return {
    engines,
    describe: () => Promise.resolve(device),
    look: (asked) => {
      engines.push(asked);
      const look: Telemetry = {
        at: '2026-01-01T00:00:00.000Z',
        processorUtilisation: 0,
        memoryBytes: 16e9,
        memoryUsedBytes: 7e9,
        engines: asked.map(({ job }) => ({ job, processorUtilisation: null, memoryBytes: 1e8 })),
        gpus: [],
      };
      return Promise.resolve(look);
    },
  };
}

const backend = (name: string, works: boolean, automatic = false): BackendReport => ({
  name,
  label: name,
  works,
  automatic,
  reason: works ? 'it is there' : 'it is not there',
  action: works ? null : 'Install it.',
});
const backends = [backend('tfjs-node', false), backend('tensorflow', true), backend('wasm', true, true)];

const figureOn = (name: string, milliseconds: number) => ({
  type: 'figure' as const,
  figure: {
    at: '2026-01-01T00:00:00.000Z',
    backend: 'wasm',
    automatic: true,
    device: name,
    threads: 1,
    work: 'update' as const,
    size: 1 as const,
    batchSize: 64,
    milliseconds,
    steps: 3,
    otherCores: null,
  },
});

describe('device', () => {
  it('is described, with zeros as zeros and absent readings as absent', async () => {
    const { client } = await testHost({}, { machine: fakeMachine(), probeBackends: () => Promise.resolve(backends) });
    expect(await client.request('device.describe', {})).toEqual(device);
    expect(await client.request('device.backends', {})).toEqual(backends);
    expect(await client.request('doctor', {})).toMatchObject({ device, backends, backendsProblem: null });
  });

  it('is described by doctor also where the backends cannot be tried', async () => {
    const probeBackends = (): Promise<never> =>
      Promise.reject(new DecantError('BACKEND_UNAVAILABLE', 'the engine could not be asked: it crashed'));
    const { client } = await testHost({}, { machine: fakeMachine(), probeBackends });
    expect(await client.request('doctor', {})).toMatchObject({
      device,
      backends: [],
      backendsProblem: 'the engine could not be asked: it crashed',
    });
    await expect(client.request('device.backends', {})).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    await expect(client.request('device.benchmark', {})).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
  });

  it('is looked at with the processes of the jobs that run, and only when somebody asks', async () => {
    const machine = fakeMachine();
    const { client } = await testHost({ atStep: 20, then: 'waits' }, { machine });
    const { id } = await client.request('runs.start', { config: training });
    expect(machine.engines).toEqual([]);
    await expect.poll(async () => (await client.request('device.telemetry', {})).engines).toHaveLength(1);
    expect(machine.engines.at(-1)).toMatchObject([{ job: id, pid: expect.any(Number) as unknown }]);
    expect(await client.request('device.telemetry', {})).toMatchObject({
      processorUtilisation: 0,
      engines: [{ job: id, processorUtilisation: null }],
    });
  });
});

describe('the benchmark', () => {
  it('is one job for each backend that works, the longest for what auto means, and only one at a time', async () => {
    const { client, idle, home } = await testHost(
      { atStep: 1, then: 'waits' },
      { machine: fakeMachine(), probeBackends: () => Promise.resolve(backends) },
    );
    const [first, second] = await Promise.all([
      client.request('device.benchmark', { seconds: 10 }),
      client.request('device.benchmark', { seconds: 10 }),
    ]);
    expect(second).toEqual(first);
    expect(await client.request('device.benchmark', {})).toEqual(first);
    const configurations = await Promise.all(
      first.jobs.map(async (id) => (await client.request('jobs.get', { id })).config),
    );
    expect(configurations).toEqual([
      { backend: 'tensorflow', seconds: 4, automatic: false },
      { backend: 'wasm', seconds: 6, automatic: true },
    ]);
    letGo(home);
    await idle();
    // The next one takes the jobs of this one away.
    const next = await client.request('device.benchmark', {});
    expect(next.group).not.toBe(first.group);
    const left = (await client.request('jobs.list', {})).filter(({ kind }) => kind === 'benchmark');
    expect(left.map(({ id }) => id).toSorted()).toEqual(next.jobs.toSorted());
  });

  it('cannot begin where nothing works', async () => {
    const none = backends.map((one) => ({ ...one, works: false }));
    const { client } = await testHost({}, { machine: fakeMachine(), probeBackends: () => Promise.resolve(none) });
    await expect(client.request('device.benchmark', {})).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    expect(await client.request('jobs.list', {})).toEqual([]);
  });

  it('has its figures told newest first, with whether they are of this machine', async () => {
    const home = temporaryFolder();
    await prepareLibrary(home);
    const store = await Store.open(home);
    const id = store.newJobId('benchmark');
    const job = { kind: 'benchmark' as const, name: 'b', configuration: {}, codeVersion: '7' };
    await store.insertJobs([{ id, job }]);
    const records = [figureOn('Another processor', 1), figureOn('A processor', 2), figureOn('A card', 3)];
    await store.supervision.ingest(id, { from: 0, records, to: 1 });
    await store.supervision.requestStop(id);
    await store.close();
    const { client } = await testHost({}, { home, machine: fakeMachine() });
    const told = await client.request('device.benchmarks', {});
    expect(
      told.map(({ milliseconds, here, benchmark, codeVersion }) => [milliseconds, here, benchmark, codeVersion]),
    ).toEqual([
      [3, true, id, '7'],
      [2, true, id, '7'],
      [1, false, id, '7'],
    ]);
    expect(await client.request('device.benchmarks', { limit: 1 })).toHaveLength(1);
  });

  it('has figures of a card known as its own once the driver tells of it again', async () => {
    const home = temporaryFolder();
    await prepareLibrary(home);
    const store = await Store.open(home);
    const id = store.newJobId('benchmark');
    await store.insertJobs([{ id, job: { kind: 'benchmark', name: 'b', configuration: {}, codeVersion: '7' } }]);
    await store.supervision.ingest(id, { from: 0, records: [figureOn('A card', 3)], to: 1 });
    await store.supervision.requestStop(id);
    await store.close();
    let stuck = true;
    const describe = (): Promise<Device> =>
      Promise.resolve(stuck ? { ...device, gpus: [], problem: 'nvidia-smi did not answer' } : device);
    const { client } = await testHost({}, { home, machine: { ...fakeMachine(), describe } });
    const here = async () => (await client.request('device.benchmarks', {})).map((figure) => figure.here);
    expect(await here()).toEqual([false]);
    stuck = false;
    await expect.poll(here).toEqual([true]);
  });
});
