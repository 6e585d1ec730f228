/**
 * Every failure that Decant can explain. A code is stable: scripts, tests and the window rely on it.
 * `title` says what happened, `action` what the person can do about it.
 */
export const errorCatalogue = {
  // configuration and usage
  CONFIG_INVALID: {
    title: 'The configuration has an entry that is not allowed',
    action: 'Correct the named entry; the message says what is allowed.',
  },
  USAGE: { title: 'The command was not understood', action: 'Run the command with --help.' },
  NOT_BUILT: {
    title: 'This version does not contain that yet',
    action: 'Use one of the alternatives that the message names.',
  },
  PRESET_UNKNOWN: { title: 'There is no such preset', action: 'Choose one of the presets that the message lists.' },
  // the library
  NOT_FOUND: {
    title: 'Nothing in the library has that id',
    action: 'Look for it in the lists of runs, datasets and checkpoints.',
  },
  ID_AMBIGUOUS: { title: 'That id prefix fits several entries', action: 'Give more characters of the id.' },
  IN_USE: { title: 'Something else still needs this entry', action: 'Delete what uses it first, or keep it.' },
  LIBRARY_NEWER: {
    title: 'The library was written by a newer version of Decant',
    action: 'Update Decant, or choose another library folder with --home.',
  },
  LIBRARY_LOCKED: {
    title: 'Another Decant has this library open',
    action: 'Use that one, end it, or choose another library folder with --home.',
  },
  LIBRARY_CORRUPT: {
    title: 'The library database is damaged',
    action:
      'Nothing was changed. Restore the newest file of the backups folder beside the database, or start a new library.',
  },
  // files
  DISK_FULL: { title: 'The disk is full', action: 'Free some space and try again; what was already saved is intact.' },
  FILE_UNREADABLE: { title: 'The file cannot be read', action: 'Check that it exists and that you may read it.' },
  FILE_UNWRITABLE: {
    title: 'The file cannot be written',
    action: 'Check that its folder exists and that you may write there.',
  },
  FILE_TRUNCATED: {
    title: 'The file ends too early',
    action: 'It was probably not downloaded or copied completely: fetch it again.',
  },
  FILE_TOO_LARGE: {
    title: 'The file declares more data than is accepted',
    action: 'The message names the limit; such a file is probably damaged.',
  },
  FORMAT_UNKNOWN: {
    title: 'The file is of no known format',
    action: 'Decant reads .pt chunks and checkpoints, .safetensors, and .decant bundles of runs.',
  },
  ZIP_INVALID: { title: 'The file is not a valid zip archive', action: 'Fetch or export it again.' },
  PICKLE_FORBIDDEN: {
    title: 'The file asks to run something that a model or dataset never needs',
    action: 'Nothing was run. Do not open this file with other programs; get it from its original source.',
  },
  PICKLE_INVALID: {
    title: 'The pickle inside the file is damaged or of an unknown kind',
    action: 'Fetch it again, or save it once more with torch.save.',
  },
  SAFETENSORS_INVALID: { title: 'The safetensors file is damaged', action: 'Fetch or export it again.' },
  BUNDLE_INVALID: {
    title: 'The bundle of a run is damaged or is not one that this version reads',
    action: 'Nothing was imported. Fetch the file again, or export the run again.',
  },
  NPY_INVALID: {
    title: 'The .npy file is damaged',
    action: 'Run `decant verify`; import the dataset again if it persists.',
  },
  HASH_MISMATCH: {
    title: 'A file in the library changed since it was written',
    action: 'Restore it from a copy, or import it again.',
  },
  // data
  DATASET_INVALID: {
    title: 'The dataset does not fit the MT30 format',
    action: 'The message names the field and what it should be.',
  },
  DATASET_NAN: {
    title: 'The dataset contains values that are not finite numbers',
    action: 'Only the first entry of an episode may be NaN; record or fetch the data again.',
  },
  DATASET_MIXED_LENGTHS: {
    title: 'The episodes of one dataset differ in length',
    action: 'Import chunks of equal episode length, as separate datasets where they differ.',
  },
  DATASET_VANISHED: {
    title: 'Files of a dataset are missing',
    action: 'Put them back, or import the dataset again; the run can then be resumed.',
  },
  // models
  ARCHITECTURE_UNKNOWN: {
    title: 'The checkpoint fits no TD-MPC2 size',
    action: 'The message says which tensor differs from the nearest size.',
  },
  CHECKPOINT_NAN: {
    title: 'The checkpoint contains weights that are not finite numbers',
    action: 'Its training diverged or the file is damaged: use an earlier checkpoint, or fetch it again.',
  },
  TEACHER_MISMATCH: {
    title: 'The teacher does not fit the dataset',
    action: 'Choose a teacher trained on the same observations, actions and tasks.',
  },
  TEACHER_MISSING: {
    title: 'Distillation needs a teacher',
    action: 'Name a checkpoint as `teacher`, or use method "scratch".',
  },
  MEMORY_INSUFFICIENT: {
    title: 'This needs more memory than the machine has free',
    action:
      'Choose a smaller size, batch or teacher (the message says what takes how much), or end other programs. `decant label` beforehand spares training its teacher.',
  },
  // running
  BACKEND_UNAVAILABLE: {
    title: 'That backend does not work on this machine',
    action: 'Run `decant doctor` to see which do and how to get others.',
  },
  SETUP_PROGRAM_MISSING: {
    title: 'The set-up needs a program that is not here',
    action: 'Install what the message names with your package manager, then run the set-up again.',
  },
  SETUP_DOWNLOAD_FAILED: {
    title: 'A download of the set-up did not succeed',
    action: 'Check the network, then run the set-up again: it goes on where it stopped.',
  },
  SETUP_FAILED: {
    title: 'A step of the set-up did not succeed',
    action:
      'The log of the job says more. Run the set-up again, or remove it first with `decant doctor --remove tensorflow` (and --cuda).',
  },
  SETUP_UNSUPPORTED: {
    title: 'This set-up does not exist for this machine',
    action: 'Use the onnx or wasm backend, or install the npm package that `decant doctor` names.',
  },
  DIVERGED: {
    title: 'Training produced values that are not finite',
    action: 'Resume from an earlier checkpoint with a lower learning rate, or report the configuration.',
  },
  ENGINE_DIED: {
    title: 'The engine process ended unexpectedly',
    action: 'Everything acknowledged is kept: resume the run.',
  },
  STOPPED: {
    title: 'The job was stopped',
    action: '`decant resume` goes on with a run; give any other command again.',
  },
  NOT_RESUMABLE: {
    title: 'That job cannot be resumed in its present state',
    action: 'Only interrupted, stopped and failed jobs can be resumed.',
  },
  PREDECESSOR_FAILED: {
    title: 'An earlier stage that this one needs did not finish',
    action: 'Resume the earlier stage; this one can then be resumed.',
  },
  CHECKPOINT_INCOMPLETE: {
    title: 'The checkpoint holds no training state',
    action: 'It can be a teacher or be exported; to continue training, use a checkpoint of a run.',
  },
  UNAUTHORISED: {
    title: 'The request was refused',
    action: 'Open the address that `decant serve` printed, with its token.',
  },
  REQUEST_INVALID: {
    title: 'The request does not fit the contract',
    action: 'Both sides must be of the same version: restart both.',
  },
  HOST_GONE: { title: 'The host went away', action: 'Start it again; jobs resume where they were acknowledged.' },
  INTERNAL: {
    title: 'Something failed that Decant does not know how to explain',
    action: 'Please report it with the log of the job.',
  },
} as const satisfies Record<string, { title: string; action: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** A failure with a stable code. `detail` names the thing at fault (file, key, tensor), in one sentence. */
export class DecantError extends Error {
  override readonly name = 'DecantError';
  readonly code: ErrorCode;
  readonly detail: string;

  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(`${errorCatalogue[code].title}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }

  get action(): string {
    return errorCatalogue[this.code].action;
  }
}

/** What crosses processes and the wire, and what a failed job keeps. */
export interface ErrorReport {
  code: ErrorCode;
  detail: string;
}

/** Turns anything thrown into a code and a sentence; operating-system errors that have a meaning here get theirs. */
export function toErrorReport(thrown: unknown): ErrorReport {
  if (thrown instanceof DecantError) return { code: thrown.code, detail: thrown.detail };
  if (thrown instanceof Error) {
    const systemCode = 'code' in thrown ? thrown.code : undefined;
    if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT' || systemCode === 'SQLITE_FULL')
      return { code: 'DISK_FULL', detail: thrown.message };
    if (systemCode === 'ENOENT' || systemCode === 'EACCES' || systemCode === 'EISDIR')
      return { code: 'FILE_UNREADABLE', detail: thrown.message };
    return { code: 'INTERNAL', detail: thrown.stack ?? thrown.message };
  }
  return { code: 'INTERNAL', detail: String(thrown) };
}
