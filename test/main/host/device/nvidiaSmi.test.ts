import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainFailure, GpuReader, parseGpus } from '../../../../main/host/device/nvidiaSmi.ts';
import { gpusSchema } from '../../../../shared/device.ts';

const uuid = (last: string): string => `GPU-5d1b3a3e-7c3c-11ee-b962-0242ac12000${last}`;
/** One card of a desktop, and two of a server of which one is in MIG mode: it has no utilisation of its own. */
const desktop = `0, ${uuid('1')}, NVIDIA GeForce RTX 3060, 535.183.01, 12288, 421, 0, 38, 13.68, 170.00\n`;
const server = [
  `0, ${uuid('2')}, NVIDIA H100 80GB HBM3, 550.54.15, 81559, 74210, 97, 61, 612.43, 700.00`,
  `1, ${uuid('3')}, NVIDIA H100 80GB HBM3, 550.54.15, 81559, 0, [N/A], 34, 71.10, 700.00`,
  '',
].join('\r\n');
/** A laptop whose card tells neither power nor limit. */
const laptop = `0, ${uuid('4')}, NVIDIA GeForce MX450, 470.82, 2048, 3, 0, 45, [N/A], [Not Supported]\n`;

describe('parseGpus', () => {
  it('reads a card that is idle: zero is a value', () => {
    expect(parseGpus(desktop)).toEqual({
      gpus: [
        {
          index: 0,
          uuid: uuid('1'),
          name: 'NVIDIA GeForce RTX 3060',
          driver: '535.183.01',
          utilisation: 0,
          memoryBytes: 12288 * 2 ** 20,
          memoryUsedBytes: 421 * 2 ** 20,
          temperature: 38,
          power: 13.68,
          powerLimit: 170,
        },
      ],
      problem: null,
    });
  });

  it('reads several cards, and what one does not tell is absent', () => {
    const { gpus, problem } = parseGpus(server);
    expect(problem).toBeNull();
    expect(gpus.map(({ index, utilisation, memoryUsedBytes }) => [index, utilisation, memoryUsedBytes])).toEqual([
      [0, 0.97, 74210 * 2 ** 20],
      [1, null, 0],
    ]);
    expect(parseGpus(laptop).gpus).toMatchObject([{ utilisation: 0, power: null, powerLimit: null }]);
  });

  it('keeps a comma in a name', () => {
    expect(parseGpus(desktop.replace('RTX 3060', 'RTX 3060, 12GB')).gpus[0]?.name).toBe(
      'NVIDIA GeForce RTX 3060, 12GB',
    );
  });

  it('finds no card in nothing, and says what it does not understand beside what it does', () => {
    expect(parseGpus('')).toEqual({ gpus: [], problem: null });
    expect(parseGpus('No devices were found\n')).toEqual({
      gpus: [],
      problem: 'nvidia-smi says: No devices were found',
    });
    const mixed = parseGpus(`${desktop.replace('421', 'many')}${server}`);
    expect(mixed.gpus).toHaveLength(2);
    expect(mixed.problem).toContain('many');
  });

  it('gives what the contract takes, whatever is printed', () => {
    const cell = fc.oneof(
      fc.string(),
      fc.constantFrom('[N/A]', '0', '100', '250', '-1', '1e9', 'ERR!', uuid('1'), 'NVIDIA'),
    );
    const text = fc.oneof(
      fc.string({ maxLength: 400 }),
      fc.array(cell, { maxLength: 12 }).map((cells) => cells.join(', ')),
    );
    fc.assert(
      fc.property(text, (printed) => {
        expect(gpusSchema.safeParse(parseGpus(printed)).success).toBe(true);
      }),
    );
  });
});

describe('explainFailure', () => {
  it('takes a missing program for a machine without a card', () => {
    expect(explainFailure(Object.assign(new Error('spawn nvidia-smi ENOENT'), { code: 'ENOENT' }))).toEqual({
      gpus: [],
      problem: null,
    });
  });

  it('says what the program said, wherever it said it', () => {
    const mismatch = 'Failed to initialize NVML: Driver/library version mismatch';
    const failed = (streams: object): Error => Object.assign(new Error('Command failed: nvidia-smi'), streams);
    for (const streams of [
      { code: 18, stdout: `${mismatch}\nNVML library version: 550.90\n`, stderr: '' },
      { code: 18, stdout: '', stderr: `${mismatch}\n` },
    ])
      expect(explainFailure(failed(streams)).problem).toBe(`nvidia-smi says: ${mismatch}`);
    expect(explainFailure(failed({ code: null, killed: true, stdout: '', stderr: '' })).problem).toMatch(
      /did not answer within 5 s/,
    );
    expect(explainFailure('nonsense').problem).toBe('nvidia-smi says: nonsense');
  });
});

describe('GpuReader', () => {
  it('does not look for an absent program at every question, but when it is told to', async () => {
    let asked = 0;
    let now = 0;
    let there = false;
    const run = (): Promise<string> => {
      asked += 1;
      return there ? Promise.resolve(desktop) : Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' }));
    };
    const reader = new GpuReader(run, () => now);
    expect(await reader.read()).toEqual({ gpus: [], problem: null });
    await reader.read();
    expect(asked).toBe(1);
    there = true;
    expect((await reader.read({ again: true })).gpus).toHaveLength(1);
    expect((await reader.read()).gpus).toHaveLength(1);
    expect(asked).toBe(3);
    there = false;
    await reader.read();
    now += 61_000;
    await reader.read();
    expect(asked).toBe(5);
  });

  it('leaves one that does not answer alone for a while, and goes on saying so', async () => {
    let asked = 0;
    const reader = new GpuReader(() => {
      asked += 1;
      return Promise.reject(
        Object.assign(new Error('timed out'), { code: null, killed: true, stdout: '', stderr: '' }),
      );
    });
    expect((await reader.read()).problem).toMatch(/did not answer/);
    expect((await reader.read()).problem).toMatch(/did not answer/);
    expect(asked).toBe(1);
    await reader.read({ again: true });
    expect(asked).toBe(2);
  });

  it('asks again after a failure that may pass', async () => {
    let asked = 0;
    const reader = new GpuReader(() => {
      asked += 1;
      return Promise.reject(Object.assign(new Error('failed'), { code: 9, stdout: 'no driver', stderr: '' }));
    });
    expect((await reader.read()).problem).toBe('nvidia-smi says: no driver');
    await reader.read();
    expect(asked).toBe(2);
  });
});
