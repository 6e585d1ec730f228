import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { instructionSetsOf } from '../../../../main/host/device/instructionSets.ts';
import { openMachine } from '../../../../main/host/device/machine.ts';
import { GpuReader } from '../../../../main/host/device/nvidiaSmi.ts';
import {
  ProcessMeter,
  processorSecondsOf,
  residentBytesOf,
  shareOfAllCores,
} from '../../../../main/host/device/processUse.ts';
import { deviceSchema, telemetrySchema } from '../../../../shared/device.ts';

describe('shareOfAllCores', () => {
  it('takes what ps prints as of one core, and what Windows counts as of all', () => {
    expect(shareOfAllCores(400, 'darwin', 8)).toBe(0.5);
    expect(shareOfAllCores(50, 'win32', 8)).toBe(0.5);
    expect(shareOfAllCores(0, 'darwin', 8)).toBe(0);
    expect(shareOfAllCores(900, 'freebsd', 8)).toBe(1);
  });
});

describe('instructionSetsOf', () => {
  it('names what an x86 processor of each age has', () => {
    const old = 'fpu vme sse sse2 ssse3 sse4_1 sse4_2 avx';
    expect(instructionSetsOf(old, 'x64')).toEqual(['SSE4.2', 'AVX']);
    expect(instructionSetsOf(`${old} fma f16c avx2`, 'x64')).toEqual(['SSE4.2', 'AVX', 'F16C', 'FMA', 'AVX2']);
    expect(instructionSetsOf(`${old} fma f16c avx2 avx512f avx512_vnni avx512_bf16 amx_tile`, 'x64')).toEqual([
      'SSE4.2',
      'AVX',
      'F16C',
      'FMA',
      'AVX2',
      'AVX-512',
      'AVX-512 VNNI',
      'AVX-512 BF16',
      'AMX',
    ]);
  });

  it('names what an ARM processor has, also one that lists nothing', () => {
    expect(instructionSetsOf('fp asimd evtstrm aes asimdhp asimddp sve i8mm bf16', 'arm64')).toEqual([
      'NEON',
      'NEON dot product',
      'NEON FP16',
      'BF16',
      'I8MM',
      'SVE',
    ]);
    expect(instructionSetsOf('', 'arm64')).toEqual(['NEON']);
  });

  it('reads the spelling of macOS, and takes no part of a word for the word', () => {
    expect(instructionSetsOf('FPU SSE4.2 AVX1.0 AVX2', 'x64')).toEqual(['SSE4.2', 'AVX', 'AVX2']);
    expect(instructionSetsOf('avx512vbmi2 xavx avx2x', 'x64')).toEqual([]);
    expect(instructionSetsOf('', 'x64')).toEqual([]);
  });
});

describe('what Linux says of a process', () => {
  it('is read past any name that the program has', () => {
    const rest = 'S 1 1 1 0 -1 4194560 100 0 0 0 1234 66 0 0 20 0 11 0 5000 1e9 20000';
    expect(processorSecondsOf(`42 (node) ${rest}`)).toBe(13);
    expect(processorSecondsOf(`42 (a) b (c 1 2) ${rest}`)).toBe(13);
    expect(processorSecondsOf('')).toBeUndefined();
  });

  it('has its resident memory in kibibytes, and none for a process that is ending', () => {
    expect(residentBytesOf('Name:\tnode\nVmPeak:\t 100 kB\nVmRSS:\t   52000 kB\nThreads:\t11\n')).toBe(52_000 * 1024);
    expect(residentBytesOf('Name:\tnode\nState:\tZ (zombie)\n')).toBeNull();
  });
});

/** A process that computes until the test ends. */
async function busyProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'console.log("up"); for (;;) Math.sqrt(2)'], { stdio: 'pipe' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

describe('ProcessMeter', () => {
  it('says how busy a process was since the look before, and nothing of one that is gone', async () => {
    const pid = await busyProcess();
    const meter = new ProcessMeter();
    const first = await meter.read([pid, 2 ** 30]);
    expect([...first.keys()]).toEqual([pid]);
    expect(first.get(pid)?.memoryBytes).toBeGreaterThan(1e6);
    await expect
      .poll(async () => (await meter.read([pid])).get(pid)?.utilisation ?? 0, { interval: 300 })
      .toBeGreaterThan(0);
    expect(await meter.read([])).toEqual(new Map());
  });
});

describe('the machine', () => {
  const idle = '0, GPU-1, NVIDIA GeForce RTX 3060, 535.183.01, 12288, 421, 0, 38, 13.68, 170.00\n';

  it('describes itself as the contract says', async () => {
    const machine = openMachine(new GpuReader(() => Promise.resolve(idle)));
    const device = await machine.describe();
    expect(deviceSchema.parse(device)).toEqual(device);
    expect(device.processor.threads).toBeGreaterThan(0);
    expect(device.freeMemoryBytes).toBeLessThanOrEqual(device.memoryBytes);
    expect(device.gpus).toMatchObject([{ name: 'NVIDIA GeForce RTX 3060', utilisation: 0 }]);
  });

  it('looks once for all who ask at the same time, and names the engines that it found', async () => {
    let asked = 0;
    const machine = openMachine(
      new GpuReader(() => {
        asked += 1;
        return Promise.resolve(idle);
      }),
    );
    const engines = [
      { job: 'r-1', pid: await busyProcess() },
      { job: 'r-2', pid: 2 ** 30 },
    ];
    const [look, same] = await Promise.all([machine.look(engines), machine.look(engines)]);
    expect(same).toBe(look);
    expect(asked).toBe(1);
    expect(telemetrySchema.parse(look)).toEqual(look);
    expect(look.engines.map(({ job }) => job)).toEqual(['r-1']);
    expect(look.gpus).toEqual([
      { index: 0, uuid: 'GPU-1', utilisation: 0, memoryUsedBytes: 421 * 2 ** 20, temperature: 38, power: 13.68 },
    ]);
    await delay(1100);
    expect(await machine.look(engines)).not.toBe(look);
  });
});
