import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { awaitProbe, probeBackends } from '../../../main/host/engine.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const report = { name: 'wasm', label: 'WASM', works: true, automatic: false, reason: 'it computes', action: null };

it('an engine that never answers is killed after a minute, and that is said', async () => {
  const kill = vi.fn();
  const probed = awaitProbe({ exited: new Promise(() => undefined), printed: () => JSON.stringify([report]), kill });
  const told = expect(probed).rejects.toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
    detail: expect.stringMatching(/did not answer within 60 s/) as unknown,
  });
  await vi.advanceTimersByTimeAsync(59_000);
  expect(kill).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  await told;
  expect(kill).toHaveBeenCalledOnce();
});

it('what an engine found is its last line, and nothing waits after its end', async () => {
  const kill = vi.fn();
  const printed = (): string => `a library's words\n${JSON.stringify([report])}\n`;
  expect(await awaitProbe({ exited: Promise.resolve(), printed, kill })).toMatchObject([report]);
  expect(vi.getTimerCount()).toBe(0);
  await expect(awaitProbe({ exited: Promise.resolve(), printed: () => '', kill })).rejects.toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
  });
  expect(kill).not.toHaveBeenCalled();
});

it('an engine that crashes is told by its error, without the stack', async () => {
  vi.useRealTimers();
  const entry = join(temporaryFolder(), 'engine.mjs');
  writeFileSync(entry, `throw new TypeError('its library is broken')`);
  await expect(probeBackends(entry)).rejects.toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
    detail: 'the engine could not be asked: TypeError: its library is broken',
  });
});
