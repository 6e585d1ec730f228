import { DecantError, errorCatalogue, type ErrorCode } from '../../shared/errors.ts';

/** What the preload's bridge threw, with its code again: only a message `CODE: detail` crosses it. */
export function fromBridge(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const [, code, detail] = /([A-Z_]+): ([^]*)$/.exec(thrown.message) ?? [];
  return code !== undefined && detail !== undefined && isErrorCode(code) ? new DecantError(code, detail) : thrown;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}
