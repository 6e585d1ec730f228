import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder, isNewEnough, torchFolder } from './python.ts';

describe("PyTorch's place", () => {
  it('is the cache folder of the system', () => {
    expect(cacheFolder('linux', {}, '/home/a')).toBe(join('/home/a', '.cache', 'decant-bench'));
    expect(cacheFolder('linux', { XDG_CACHE_HOME: '/c' }, '/home/a')).toBe(join('/c', 'decant-bench'));
    expect(cacheFolder('linux', { XDG_CACHE_HOME: '' }, '/home/a')).toBe(join('/home/a', '.cache', 'decant-bench'));
    expect(cacheFolder('darwin', {}, '/Users/a')).toBe(join('/Users/a', 'Library', 'Caches', 'decant-bench'));
    expect(cacheFolder('win32', { LOCALAPPDATA: '/l' }, '/u')).toBe(join('/l', 'decant-bench'));
  });

  it('needs a Python that its packages exist for', () => {
    expect(['3.9', '2.7', '', 'x'].some(isNewEnough)).toBe(false);
    expect(['3.10', '3.13', '4.0'].every(isNewEnough)).toBe(true);
  });

  it('pins every package to one version', () => {
    const lines = readFileSync(join(torchFolder, 'requirements.txt'), 'utf8').split('\n');
    const packages = lines.filter((line) => line !== '' && !line.startsWith('#'));
    expect(packages.length).toBeGreaterThan(0);
    for (const line of packages) expect(line).toMatch(/^[\w-]+==\d+(\.\d+)+$/);
  });
});
