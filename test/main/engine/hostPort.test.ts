import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('./lateListener.ts', import.meta.url));

test('an engine hears that its host went also while it was still loading', async () => {
  const child = fork(script, { execArgv: [] });
  const exited = once(child, 'exit');
  await once(child, 'spawn');
  child.disconnect();
  expect(await exited).toEqual([7, null]);
});
