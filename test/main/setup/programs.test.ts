import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { findProgram, lastLines, runProgram } from '../../../main/setup/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const never = new AbortController().signal;

it('tells status and last words of a program', async () => {
  const script = 'console.log("first"); console.error("last"); process.exit(3)';
  const end = await runProgram({ program: process.execPath, args: ['-e', script] }, never);
  expect(end.status).toBe(3);
  expect(lastLines(end.printed)).toMatch(/first|last/);
});

it('a program that is not there is named', async () => {
  await expect(runProgram({ program: 'no-such-program', args: [] }, never)).rejects.toMatchObject({
    code: 'SETUP_PROGRAM_MISSING',
    detail: expect.stringMatching(/no-such-program/) as unknown,
  });
});

it('an abort ends the program with what it started', async () => {
  const file = join(temporaryFolder(), 'pid');
  const inner = `require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setTimeout(() => {}, 60000)`;
  const script = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(inner)}])`;
  const stop = new AbortController();
  const run = runProgram({ program: process.execPath, args: ['-e', script] }, stop.signal);
  const pid = await until(() => Number(readFileSync(file, 'utf8')) || undefined);
  stop.abort('stop');
  await expect(run).rejects.toBe('stop');
  await until(() => (isRunning(pid) ? undefined : true));
});

it('finds programs on the path only', () => {
  expect(findProgram('node', { PATH: join(process.execPath, '..') })).toBe(join(process.execPath, '..', 'node'));
  expect(findProgram('node', { PATH: '' })).toBeUndefined();
});

it('the last lines make one sentence', () => {
  expect(lastLines('a\n\n b\nc\nd\n')).toBe('b | c | d');
});

async function until<Value>(look: () => Value | undefined): Promise<Value> {
  while (true) {
    try {
      const found = look();
      if (found !== undefined) return found;
    } catch {
      // Not yet.
    }
    await delay(20);
  }
}

/** A process that ended and was not collected yet still has its id. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
