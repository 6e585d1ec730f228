import { DecantError } from '../../shared/errors.ts';

export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Gives a failed write its code: DISK_FULL, FILE_UNWRITABLE, or the thrown value itself where it has no meaning here. */
export function explainWriteFailure(thrown: unknown, path: string): unknown {
  const code = systemCodeOf(thrown);
  if (thrown instanceof DecantError || code === undefined) return thrown;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new DecantError('DISK_FULL', `${path} could not be written`, { cause: thrown });
  return new DecantError('FILE_UNWRITABLE', `${path}: ${messageOf(thrown)}`, { cause: thrown });
}

/** Gives a failed read its code: FILE_UNREADABLE, or the thrown value itself where it is no system error. */
export function explainReadFailure(thrown: unknown, path: string): unknown {
  if (thrown instanceof DecantError || systemCodeOf(thrown) === undefined) return thrown;
  return new DecantError('FILE_UNREADABLE', `${path}: ${messageOf(thrown)}`, { cause: thrown });
}
