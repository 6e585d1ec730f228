import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFullError, setFaultHook } from '../../../main/files/faults.ts';
import { pinnedDownloads, setupSizes } from '../../../main/setup/pinned.ts';
import { tensorflowPlaces, toolsFolder } from '../../../main/setup/places.ts';
import {
  findTensorflow,
  listTools,
  removeTensorflow,
  setUpTensorflow,
  type SetUpOptions,
} from '../../../main/setup/setUp.ts';
import { toolVariants } from '../../../shared/jobs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { capable, standIns, type StandIns } from './standIns.ts';

const onCpu = { text: 'it works', gpu: false };
const noCard = { card: false, device: false, library: false, hidden: false };

interface Attempt {
  options: SetUpOptions;
  told: string[];
  stages: string[];
}

function attempt(tools: string, { run, downloads }: StandIns, changes: Partial<SetUpOptions> = {}): Attempt {
  const told: string[] = [];
  const stages: string[] = [];
  const options: SetUpOptions = {
    variant: 'cpu',
    tools,
    run,
    downloads,
    machine: capable,
    signal: new AbortController().signal,
    check: () => Promise.resolve(onCpu),
    nvidia: noCard,
    listener: {
      progress: (stage, done, total, unit) => {
        stages.push(`${stage} ${done}/${total} ${unit}`);
      },
      message: (text) => {
        told.push(text);
      },
    },
    ...changes,
  };
  return { options, told, stages };
}

describe('setting TensorFlow up', () => {
  it('states the sizes, does every step once and leaves only what is needed', async () => {
    const tools = temporaryFolder();
    const programs = standIns(temporaryFolder());
    const { options, told, stages } = attempt(tools, programs);
    await setUpTensorflow(options);
    expect(told[0]).toMatch(/1 MB to download, 1 MB on the disk when done, into /);
    expect(stages.map((text) => text.split(' ')[0])).toEqual(
      expect.arrayContaining(['downloading', 'unpacking', 'compiling', 'starting']),
    );
    const places = tensorflowPlaces('cpu', tools);
    expect(readdirSync(places.folder).sort()).toEqual(['binding', 'site', 'steps.json']);
    expect(readdirSync(join(places.site, 'tensorflow')).sort()).toEqual([
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
    ]);
    expect(readFileSync(places.binding, 'utf8')).toBe('compiled');
    expect(findTensorflow('cpu', tools, programs.downloads)).toEqual(places);
    expect(findTensorflow('cuda', tools, programs.downloads)).toBeUndefined();

    const again = attempt(tools, programs);
    const calls = programs.calls.length;
    await setUpTensorflow(again.options);
    expect(programs.calls).toHaveLength(calls);
    expect(again.told).toEqual([expect.stringContaining('set up already')]);
  });

  it('goes on from any program that was cut short, and downloads nothing twice that was there', async () => {
    const whole = standIns(temporaryFolder());
    await setUpTensorflow(attempt(temporaryFolder(), whole).options);
    for (let cut = 0; cut < whole.calls.length; cut += 1) {
      const tools = temporaryFolder();
      let count = 0;
      const programs = standIns(temporaryFolder(), () => {
        if (count++ === cut) throw new Error('killed');
      });
      await expect(setUpTensorflow(attempt(tools, programs).options)).rejects.toThrow('killed');
      expect(findTensorflow('cpu', tools, programs.downloads)).toBeUndefined();
      const before = new Set(programs.calls.slice(0, -1).filter((call) => call.startsWith('pip ')));
      const position = programs.calls.length;
      const second = attempt(tools, programs);
      await setUpTensorflow(second.options);
      const repeated = programs.calls.slice(position).filter((call) => before.has(call));
      expect([cut, repeated]).toEqual([cut, []]);
      expect(findTensorflow('cpu', tools, programs.downloads)).toBeDefined();
    }
  });

  it('a stop ends it with the reason and keeps what is done', async () => {
    const tools = temporaryFolder();
    const stop = new AbortController();
    const programs = standIns(temporaryFolder(), (call) => {
      if (call === 'pip nvidia==2') stop.abort('stop');
    });
    await expect(setUpTensorflow(attempt(tools, programs, { signal: stop.signal }).options)).rejects.toBe('stop');
    const second = attempt(tools, programs);
    await setUpTensorflow(second.options);
    expect(second.told).toContainEqual(expect.stringMatching(/earlier attempt: .*unpacking tensorflow 1/));
    expect(programs.calls.filter((call) => call === 'pip tensorflow==1')).toHaveLength(1);
  });

  it.each([
    ['pip tensorflow==1', 'SETUP_DOWNLOAD_FAILED', /tensorflow 1: no route/],
    ['npm binding@1.0.0', 'SETUP_DOWNLOAD_FAILED', /binding 1.0.0: no route/],
    ['g++ tfjs_backend.o', 'SETUP_FAILED', /g\+\+: no route/],
  ])('a failing %s is %s', async (failing, code, detail) => {
    const programs = standIns(temporaryFolder());
    const run: StandIns['run'] = async (wanted, signal) => {
      const position = programs.calls.length;
      const end = await programs.run(wanted, signal);
      return programs.calls.slice(position).includes(failing) ? { status: 1, printed: 'no route\n' } : end;
    };
    await expect(setUpTensorflow(attempt(temporaryFolder(), { ...programs, run }).options)).rejects.toMatchObject({
      code,
      detail: expect.stringMatching(detail) as unknown,
    });
  });

  it('refuses another file under the same name', async () => {
    const programs = standIns(temporaryFolder());
    const binding = { ...programs.downloads.binding, integrity: 'sha512-other' };
    const { options } = attempt(temporaryFolder(), { ...programs, downloads: { ...programs.downloads, binding } });
    await expect(setUpTensorflow(options)).rejects.toMatchObject({
      code: 'SETUP_DOWNLOAD_FAILED',
      detail: expect.stringMatching(/not the file/) as unknown,
    });
  });

  it('a TensorFlow that does not start is not taken for one that works', async () => {
    const tools = temporaryFolder();
    const programs = standIns(temporaryFolder());
    const check = () => Promise.reject(new Error('illegal instruction'));
    await expect(setUpTensorflow(attempt(tools, programs, { check }).options)).rejects.toMatchObject({
      code: 'SETUP_FAILED',
      detail: expect.stringMatching(/does not start: illegal instruction/) as unknown,
    });
    expect(findTensorflow('cpu', tools, programs.downloads)).toBeUndefined();
    // Built as it is, only its start is tried again.
    const calls = programs.calls.length;
    await setUpTensorflow(attempt(tools, programs).options);
    expect(programs.calls).toHaveLength(calls);
  });

  it('for a card fails where TensorFlow computes on the processor, and goes on from there', async () => {
    const tools = temporaryFolder();
    const programs = standIns(temporaryFolder());
    const nvidia = { card: true, device: true, library: false, hidden: false };
    const first = attempt(tools, programs, { variant: 'cuda', nvidia });
    const failure = { code: 'SETUP_FAILED', detail: expect.stringMatching(/libcuda\.so\.1 was not found/) as unknown };
    await expect(setUpTensorflow(first.options)).rejects.toMatchObject(failure);
    expect(first.told.join()).not.toContain('No NVIDIA card');
    expect(findTensorflow('cuda', tools, programs.downloads)).toBeUndefined();
    const calls = programs.calls.length;
    const check = () => Promise.resolve({ text: 'it works', gpu: true });
    await setUpTensorflow(attempt(tools, programs, { variant: 'cuda', nvidia, check }).options);
    expect(programs.calls).toHaveLength(calls);
    expect(findTensorflow('cuda', tools, programs.downloads)).toBeDefined();
    // Complete as it is, it is no success when the card cannot be used any more.
    await expect(setUpTensorflow(first.options)).rejects.toMatchObject(failure);
    // Without CUDA nothing is asked of a card.
    await setUpTensorflow(attempt(tools, programs, { nvidia }).options);
  });

  it('for a card says before any download that there is none', async () => {
    const tools = temporaryFolder();
    const told: string[] = [];
    const before: string[][] = [];
    const programs = standIns(temporaryFolder(), () => before.push([...told]));
    const { options } = attempt(tools, programs, { variant: 'cuda' });
    const message = (text: string): void => void told.push(text);
    await setUpTensorflow({ ...options, listener: { ...options.listener, message } });
    expect(before[0]).toContainEqual(expect.stringMatching(/^No NVIDIA card was found/));
    expect(findTensorflow('cuda', tools, programs.downloads)).toBeDefined();
  });

  it('begins anew where the binding was taken away', async () => {
    const tools = temporaryFolder();
    const programs = standIns(temporaryFolder());
    await setUpTensorflow(attempt(tools, programs).options);
    rmSync(tensorflowPlaces('cpu', tools).binding);
    await setUpTensorflow(attempt(tools, programs).options);
    expect(findTensorflow('cpu', tools, programs.downloads)).toBeDefined();
  });

  it.each(['set-up', 'removal'])('a %s removes what older versions left, and no other folder', async (way) => {
    const tools = temporaryFolder();
    const programs = standIns(temporaryFolder());
    const system = `${process.platform}-${process.arch}`;
    const stamps = JSON.stringify({ formatVersion: 1, done: {} });
    const folderOf = (name: string, files: Record<string, string>): string => {
      const folder = join(tools, name);
      mkdirSync(folder);
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
      return folder;
    };
    const old = folderOf(`tensorflow-1.9.0-r3-cpu-${system}`, { 'steps.json': stamps, something: 'old' });
    const kept = [
      folderOf(`tensorflow-mine-cpu-${system}`, { 'steps.json': stamps }),
      folderOf(`tensorflow-1.0-r1-cpu-${system}`, { 'steps.json': stamps }),
      folderOf(`tensorflow-1.0.0-r1-cpu-${system}`, { thesis: 'no stamps' }),
      folderOf(`tensorflow-1.0.1-r1-cuda-${system}`, { 'steps.json': stamps }),
      folderOf(`tensorflow-1.0.2-r1-cpu-${system}-copy`, { 'steps.json': stamps }),
      folderOf(`tensorflow-99.0.0-r1-cpu-${system}`, { 'steps.json': stamps }),
      folderOf(`tensorflow-1.0.3-r1-cpu-${system}`, {
        'steps.json': stamps,
        'claim.json': JSON.stringify({ pid: process.pid, started: null }),
      }),
    ];
    if (way === 'set-up') await setUpTensorflow(attempt(tools, programs).options);
    else await removeTensorflow('cpu', tools);
    expect(existsSync(old)).toBe(false);
    for (const folder of kept) expect([folder, existsSync(folder)]).toEqual([folder, true]);
  });

  it('downloads a wheel again that a power cut tore', async () => {
    const tools = temporaryFolder();
    const programs = standIns(temporaryFolder());
    const first = attempt(tools, programs);
    const progress = (stage: string): void => {
      if (stage === 'unpacking nvidia 2')
        truncateSync(join(tensorflowPlaces('cpu', tools).downloads, 'nvidia==2/tensorflow-1-cp312.whl'), 10);
    };
    const listener = { ...first.options.listener, progress };
    await expect(setUpTensorflow({ ...first.options, listener })).rejects.toMatchObject({
      code: 'SETUP_DOWNLOAD_FAILED',
      detail: expect.stringMatching(/^nvidia 2 does not lie as it was downloaded/) as unknown,
    });
    await setUpTensorflow(attempt(tools, programs).options);
    expect(programs.calls.filter((call) => call.startsWith('pip '))).toEqual([
      'pip tensorflow==1',
      'pip nvidia==2',
      'pip nvidia==2',
    ]);
  });

  it('removes what a kill left half written, before it counts what there is', async () => {
    const tools = temporaryFolder();
    const programs = standIns(temporaryFolder());
    const { folder, site, downloads } = tensorflowPlaces('cpu', tools);
    const name = `.decant-${2 ** 22 + 1}-0a1b2c3d1.tmp`;
    const own = `.decant-${process.pid}-0a1b2c3d2.tmp`;
    const left = [
      join(folder, name),
      join(site, 'nvidia/cublas/lib', name),
      join(site, 'nvidia/cublas/lib', own),
      join(downloads, 'nvidia==2/half.whl'),
      join(downloads, 'temporary/half.whl'),
    ];
    for (const path of left) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'half');
    }
    const first = attempt(tools, programs);
    const message = (): void => {
      expect(left.filter((path) => existsSync(path))).toEqual([]);
      throw new Error('told');
    };
    await expect(
      setUpTensorflow({ ...first.options, listener: { ...first.options.listener, message } }),
    ).rejects.toThrow('told');
  });

  it.each(['tensorflow-1-cp312.whl', 'index.h', 'tfjs_binding.node'])(
    'counts no step as done before %s is on the disk',
    async (file) => {
      const tools = temporaryFolder();
      const programs = standIns(temporaryFolder());
      const { stamps, binding } = tensorflowPlaces('cpu', tools);
      let before: string | undefined;
      let failed = 0;
      setFaultHook(({ operation, path }) => {
        if (operation !== 'sync' || basename(path) !== file) return undefined;
        before = existsSync(stamps) ? readFileSync(stamps, 'utf8') : undefined;
        failed += 1;
        throw diskFullError(path);
      });
      try {
        await expect(setUpTensorflow(attempt(tools, programs).options)).rejects.toMatchObject({ code: 'DISK_FULL' });
      } finally {
        setFaultHook(undefined);
      }
      expect(failed).toBe(1);
      expect(existsSync(stamps) ? readFileSync(stamps, 'utf8') : undefined).toBe(before);
      expect(existsSync(binding)).toBe(false);
      await setUpTensorflow(attempt(tools, programs).options);
      expect(findTensorflow('cpu', tools, programs.downloads)).toBeDefined();
    },
  );

  it('two never work in one folder; what a dead one left is taken over', async () => {
    const tools = temporaryFolder();
    const programs = standIns(temporaryFolder());
    let second: Promise<void> | undefined;
    const check = async () => {
      second ??= setUpTensorflow(attempt(tools, programs).options);
      await expect(second).rejects.toMatchObject({ code: 'IN_USE' });
      await expect(removeTensorflow('cpu', tools)).rejects.toMatchObject({ code: 'IN_USE' });
      return onCpu;
    };
    await setUpTensorflow(attempt(tools, programs, { check }).options);
    writeFileSync(tensorflowPlaces('cpu', tools).claim, JSON.stringify({ pid: 2 ** 22 + 1, started: null }));
    await setUpTensorflow(attempt(tools, programs).options);
    expect(existsSync(tensorflowPlaces('cpu', tools).claim)).toBe(false);
  });
});

it('a removal keeps others out until all is gone', async () => {
  const tools = temporaryFolder();
  const { folder } = tensorflowPlaces('cpu', tools);
  mkdirSync(folder);
  for (let index = 0; index < 300; index += 1) writeFileSync(join(folder, `part ${index}`), 'abc');
  const programs = standIns(temporaryFolder());
  const removal = removeTensorflow('cpu', tools);
  // Looks until the removal has begun.
  while (readdirSync(folder).length > 299) await new Promise((resolve) => setImmediate(resolve));
  expect(existsSync(folder)).toBe(true);
  await expect(setUpTensorflow(attempt(tools, programs).options)).rejects.toMatchObject({ code: 'IN_USE' });
  expect(programs.calls).toEqual([]);
  expect(await removal).toBe(900);
  expect(existsSync(folder)).toBe(false);
});

it('a tool is listed with its sizes and its state, and removed', async () => {
  const tools = temporaryFolder();
  expect((await listTools(tools)).map(({ variant, state, usedBytes }) => [variant, state, usedBytes])).toEqual([
    ['cpu', 'absent', 0],
    ['cuda', 'absent', 0],
  ]);
  const { folder } = tensorflowPlaces('cuda', tools);
  mkdirSync(folder);
  writeFileSync(join(folder, 'part'), 'abc');
  expect((await listTools(tools))[1]).toMatchObject({ state: 'partial', usedBytes: 3, version: '2.21.0', job: null });
  expect(await removeTensorflow('cuda', tools)).toBe(3);
  expect(await removeTensorflow('cuda', tools)).toBe(0);
  expect(existsSync(folder)).toBe(false);
});

it.each(toolVariants)('the sizes of %s cover its downloads and what is unpacked', (variant) => {
  const downloads = pinnedDownloads(variant);
  const { downloadBytes, installedBytes, neededBytes } = setupSizes(downloads);
  expect(downloadBytes).toBeGreaterThan(Math.max(...downloads.wheels.map(({ bytes }) => bytes)));
  expect(neededBytes).toBeGreaterThan(installedBytes);
  for (const { sha256, requirement } of downloads.wheels) {
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(requirement).toMatch(/^[a-z0-9-]+==[\d.]+$/);
  }
});

it('the folder is the one that DECANT_TOOLS names, or beside the libraries', () => {
  expect(toolsFolder({ DECANT_TOOLS: '/somewhere' })).toBe('/somewhere');
  if (process.platform === 'linux') expect(toolsFolder({ XDG_DATA_HOME: '/data' })).toBe('/data/decant-tools');
});
