import { expect, test } from 'vitest';
import { settleForSure } from '../../../main/jobs/supervisor.ts';
import { DecantError, type ErrorReport } from '../../../shared/errors.ts';

const times = { pollMilliseconds: 1, unknownMilliseconds: 1, recoveryMilliseconds: 1, retryMilliseconds: 1 };

/** Settles by an action that fails with these errors first; what it told of them, and how often it was called. */
async function settle(failures: readonly Error[]) {
  const problems: string[] = [];
  const givenUp: ErrorReport[] = [];
  const left = [...failures];
  let calls = 0;
  await settleForSure(
    { onProblem: (message) => problems.push(message), times },
    () => {
      calls += 1;
      const failure = left.shift();
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
    (error) => Promise.resolve(givenUp.push(error)),
  );
  return { problems, calls, givenUp };
}

const full = new DecantError('FILE_UNWRITABLE', 'the disk is full');
const unforeseen = new DecantError('INTERNAL', 'a row cannot be');

test('an end is written again until it is written', async () => {
  const often = Array.from({ length: 50 }, () => full);
  expect(await settle(often)).toEqual({ problems: often.map(({ detail }) => detail), calls: 51, givenUp: [] });
  expect(await settle([unforeseen, full])).toMatchObject({ calls: 3, givenUp: [] });
});

test.each(['NOT_FOUND', 'HOST_GONE'] as const)('nothing is left to write after %s: the lane opens', async (code) => {
  expect(await settle([new DecantError(code, 'gone')])).toEqual({ problems: [], calls: 1, givenUp: [] });
});

test('what fails again and again for no reason that could pass is given up, so that the lane opens', async () => {
  const { givenUp, calls } = await settle(Array.from({ length: 1000 }, () => unforeseen));
  expect(givenUp).toMatchObject([{ code: 'INTERNAL', detail: 'a row cannot be' }]);
  expect(calls).toBeLessThan(20);
});
