import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeNpy } from '../../../main/formats/npy.ts';
import { writePt } from '../../../main/formats/ptWrite.ts';
import { writeSafetensors } from '../../../main/formats/safetensors.ts';
import { sniffFormat } from '../../../main/formats/sniff.ts';
import { type Tensor } from '../../../shared/tensor.ts';
import { failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('files are recognised by what they hold, whatever their name', async () => {
  const path = join(temporaryFolder(), 'file.dat');
  const tensor: Tensor = { dtype: 'float32', shape: [1], data: Float32Array.of(1) };
  await writePt(path, [['a', tensor]]);
  expect(await sniffFormat(path)).toBe('pt');
  await writeSafetensors(path, [['a', tensor]]);
  expect(await sniffFormat(path)).toBe('safetensors');
  await writeSafetensors(path, []);
  expect(await sniffFormat(path)).toBe('safetensors');
  await writeNpy(path, tensor);
  expect(await sniffFormat(path)).toBe('npy');
});

test.each([
  ['', 'FILE_TRUNCATED', 'empty'],
  ['a', 'FORMAT_UNKNOWN', 'neither'],
  ['episode,step,reward\n', 'FORMAT_UNKNOWN', 'neither'],
  ['version https://git-lfs.github.com/spec/v1\noid sha256:0', 'FORMAT_UNKNOWN', 'pointer'],
  ['<!DOCTYPE html><title>Not found</title>', 'FORMAT_UNKNOWN', 'web page'],
])('%j is of no known format', async (content, code, detail) => {
  const path = join(temporaryFolder(), 'file.pt');
  await writeFile(path, content);
  const failure = await failureOf(sniffFormat(path));
  expect(failure.code).toBe(code);
  expect(failure.detail).toContain(detail);
});
