/**
 * Fault injection for tests. Every write, fsync, rename, truncation and removal of `main/files` passes here first; without a hook
 * it is one comparison. Production code never sets a hook and reads no environment variable.
 */
export type FaultOperation = 'create' | 'write' | 'sync' | 'rename' | 'syncFolder' | 'truncate' | 'remove';

export interface FaultPoint {
  operation: FaultOperation;
  /** The path that the caller asked for, not the temporary one; for 'syncFolder' the folder. */
  path: string;
  /** Bytes of this file that were written before this operation. */
  bytesSoFar: number;
  /** Bytes that this operation would write; 0 for other operations. */
  length: number;
}

/**
 * Called before each operation. It may throw (the operation then fails with that error), end the process, or, for a write,
 * return how many bytes reach the file before the disk counts as full.
 */
export type FaultHook = (point: FaultPoint) => { shortWrite: number } | undefined;

let hook: FaultHook | undefined;

export function setFaultHook(next: FaultHook | undefined): void {
  hook = next;
}

export function faultPoint(
  operation: FaultOperation,
  path: string,
  bytesSoFar = 0,
  length = 0,
): { shortWrite: number } | undefined {
  return hook?.({ operation, path, bytesSoFar, length });
}

/** An error like the system's when the disk is full. */
export function diskFullError(path: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, write '${path}'`), { code: 'ENOSPC' });
}
