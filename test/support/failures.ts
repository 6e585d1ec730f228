import { DecantError, type ErrorCode } from '../../shared/errors.ts';

/** The DecantError that a promise fails with; anything else thrown is thrown on, and success is a failure of the test. */
export async function failureOf(promise: Promise<unknown>): Promise<{ code: ErrorCode; detail: string }> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof DecantError) return { code: thrown.code, detail: thrown.detail };
    throw thrown;
  }
  throw new Error('it did not fail');
}

/** Whether a promise ends well or with a DecantError; anything else thrown is thrown on. */
export async function endsProperly(promise: Promise<unknown>): Promise<'well' | ErrorCode> {
  try {
    await promise;
    return 'well';
  } catch (thrown) {
    if (thrown instanceof DecantError) return thrown.code;
    throw thrown;
  }
}
