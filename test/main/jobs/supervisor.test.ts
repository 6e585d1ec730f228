import { expect, test } from 'vitest';
import { settleForSure } from '../../../main/jobs/supervisor.ts';
import { DecantError } from '../../../shared/errors.ts';

/** Settles by an action that fails with these errors first; what it told of them, and how often it was called. */
async function settle(failures: readonly Error[]) {
  const problems: string[] = [];
  const left = [...failures];
  let calls = 0;
  const times = { pollMilliseconds: 1, unknownMilliseconds: 1, recoveryMilliseconds: 1, retryMilliseconds: 1 };
  await settleForSure({ onProblem: (message) => problems.push(message), times }, () => {
    calls += 1;
    const failure = left.shift();
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  });
  return { problems, calls };
}

test('an end is written again until it is written', async () => {
  const full = new DecantError('FILE_UNWRITABLE', 'the disk is full');
  expect(await settle([full, full])).toEqual({ problems: [full.detail, full.detail], calls: 3 });
});

test.each(['NOT_FOUND', 'HOST_GONE'] as const)('nothing is left to write after %s: the lane opens', async (code) => {
  expect(await settle([new DecantError(code, 'gone')])).toEqual({ problems: [], calls: 1 });
});
