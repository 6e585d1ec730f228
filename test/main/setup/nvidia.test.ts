import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nvidiaFacts, warningsForGpu, whyNoGpu } from '../../../main/setup/nvidia.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

function system(files: Record<string, string>): string {
  const root = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const onBus = { 'sys/bus/pci/devices/a/vendor': '0x10de\n', 'sys/bus/pci/devices/a/class': '0x030200\n' };
const library = { 'usr/lib64/libcuda.so.1': '' };
const device = { 'dev/nvidia0': '' };

describe('an NVIDIA card', () => {
  it.each([
    ['none', {}, { card: false, device: false, library: false }],
    ['one without its driver', onBus, { card: true, device: false, library: false }],
    ['one of another maker', { ...onBus, 'sys/bus/pci/devices/a/vendor': '0x1002\n' }, { card: false }],
    ['a sound device of the maker', { ...onBus, 'sys/bus/pci/devices/a/class': '0x040300\n' }, { card: false }],
    ['one that works', { ...device, ...library }, { card: true, device: true, library: true }],
    ['a library elsewhere', { ...device, 'etc/ld.so.cache': 'x\0libcuda.so.1\0/opt/x' }, { library: true }],
    [
      'one of Windows',
      { 'dev/dxg': '', 'usr/lib/wsl/lib/libcuda.so.1': '' },
      { card: true, device: true, library: true },
    ],
    ['another one of Windows', { 'dev/dxg': '' }, { card: false, device: false }],
  ])('%s', async (_, files, facts) => {
    expect(await nvidiaFacts(system(files), {})).toMatchObject(facts);
  });

  it('says what keeps TensorFlow from it', async () => {
    const why = async (files: Record<string, string>, environment: NodeJS.ProcessEnv = {}): Promise<string> =>
      whyNoGpu(await nvidiaFacts(system(files), environment));
    expect(await why(onBus)).toMatch(/driver .* does not run.*; .*libcuda\.so\.1 was not found/);
    expect(await why(device)).toMatch(/card: the driver's library libcuda\.so\.1 was not found$/);
    expect(await why({ ...device, ...library }, { CUDA_VISIBLE_DEVICES: '-1' })).toMatch(/hides the card$/);
    expect(await why({ ...device, ...library }, { CUDA_VISIBLE_DEVICES: '0' })).toMatch(/too old/);
  });

  it('is missed before anything is downloaded for it', async () => {
    const warnings = async (files: Record<string, string>) => warningsForGpu(await nvidiaFacts(system(files), {}));
    expect(await warnings({})).toEqual([expect.stringMatching(/^No NVIDIA card/)]);
    expect(await warnings(onBus)).toEqual([expect.stringMatching(/^The driver/)]);
    expect(await warnings({ ...device, ...library })).toEqual([]);
  });
});
