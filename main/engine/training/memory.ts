import { type Architecture } from '../../../shared/architecture.ts';
import { type Backend } from '../compute/program.ts';
import { type Net, netShape, parameterCounts } from '../tdmpc2/parameters.ts';

/**
 * Memory in bytes that an engine's process needs, from counts alone: what the guard before a run and the estimate that people see
 * go by. The factors were fitted to the peaks that Linux kept of real engines (VmHWM; `test/bench/memory.ts` measures them), which
 * trained, read ahead and wrote checkpoints until they grew no more. The test beside holds the formula to 1.0 to 1.3 of them.
 */

const float32 = 4;

interface Factors {
  /** Node, libraries, the thread that reads data, and compiling the update: of the smallest model at the smallest batch. */
  process: number;
  /** What waits to be collected after thousands of updates. Who asks for as much at once has it collected first. */
  waiting: number;
  /**
   * Copies of the state (parameters and two moments): the backend's, and the one that it began from or that a checkpoint is written
   * from. TensorFlow keeps the first one, sets and reads variables through copies, and its step makes new ones.
   */
  states: number;
  /** Gradients of all trained parameters at once: of single losses, summed, clipped, as returned. From the step between 5M and 48M. */
  gradients: number;
  /** float32 arrays of the size of each layer's output, of all that an update computes. From batches 16 to 1024 of a size. */
  updateArrays: number;
  /**
   * Copies of a teacher's weights: onnx reads them where they are, TensorFlow keeps what its variables were set from, wasm packs them
   * for its products. From a 317M teacher.
   */
  teachers: number;
  /** Arrays of each layer's output while a teacher labels, which keeps nothing for gradients. From 16 to 768 rows of a 48M and a 317M one. */
  teacherArrays: number;
  /** A teacher's own program. */
  teacherProgram: number;
  /** Memory that one program computes in serves the next: only the greatest need counts. A compiled program has its own. */
  shared: boolean;
}

const factors = {
  eager: {
    ...{ process: 340e6, waiting: 130e6, states: 2, gradients: 6, updateArrays: 19 },
    ...{ teachers: 2, teacherArrays: 3, teacherProgram: 0, shared: true },
  },
  onnx: {
    ...{ process: 295e6, waiting: 120e6, states: 2, gradients: 5, updateArrays: 10 },
    ...{ teachers: 1, teacherArrays: 3, teacherProgram: 0, shared: false },
  },
  tensorflow: {
    ...{ process: 1330e6, waiting: 150e6, states: 4, gradients: 0, updateArrays: 5 },
    ...{ teachers: 2, teacherArrays: 3, teacherProgram: 40e6, shared: false },
  },
} satisfies Record<string, Factors>;
export type MemoryKind = keyof typeof factors;

/** Which factors a backend's engines have. */
export function memoryKindOf({ name }: Pick<Backend, 'name'>): MemoryKind {
  return name === 'onnx' || name === 'tensorflow' ? name : 'eager';
}

/** A teacher in memory. */
export interface TeacherWork {
  architecture: Architecture;
  /** That it labels at once. */
  rows: number;
  /** Labels on the fly; otherwise it is loaded for a stretch of updates and given up again. */
  stays: boolean;
}

export interface TrainingWork {
  architecture: Architecture;
  batchSize: number;
  horizon: number;
  dropout: boolean;
  teacher?: TeacherWork | undefined;
  /** Of a dataset whose labels are kept in a column: entries, first ones of episodes among them. */
  labelledEntries?: number;
}

/** Parts of an engine's memory in bytes, and their sum. */
export interface MemoryNeed {
  /** The engine itself, and what waits to be collected. */
  processBytes: number;
  /** Weights, Adam's moments, gradients, and the copies that an update or a checkpoint makes of them. */
  modelBytes: number;
  /** Batches, their random numbers, and what the layers make of them. */
  batchBytes: number;
  /** What a teacher adds: weights and what its layers make of the rows that it labels. */
  teacherBytes: number;
  /** Which entries are labelled. */
  labelBytes: number;
  totalBytes: number;
}

/** Values of all layers' outputs for one row. */
function outputsOf(net: Net, architecture: Architecture): number {
  const [, ...outputs] = netShape(net, architecture).dims;
  return outputs.reduce((sum, width) => sum + width, 0);
}

/** Values of all layers' outputs in the part of an update that has gradients, for one sequence: rows as in `updateOperations`. */
function updateOutputs(architecture: Architecture, horizon: number): number {
  const outputs = (net: Net) => outputsOf(net, architecture);
  const model = outputs('_dynamics') + outputs('_reward') + architecture.numQ * outputs('_Qs');
  const policy = outputs('_pi') + 2 * outputs('_Qs');
  return outputs('_encoder.state') + horizon * model + (horizon + 1) * policy;
}

/** Batches that wait, that which is used and that which is read: see `BatchStream`. */
const batchesAhead = 6;

function batchBytes({ architecture, batchSize, horizon, dropout }: TrainingWork, arrays: number): number {
  const { obsDim, actionDim, numQ, mlpDim } = architecture;
  const read = (horizon + 1) * obsDim + horizon * (actionDim + 1);
  // A byte, and a float where it is multiplied.
  const masks = dropout ? 5 * numQ * (3 * horizon + 1) * mlpDim : 0;
  return batchSize * (float32 * (batchesAhead * read + arrays * updateOutputs(architecture, horizon)) + masks);
}

/**
 * Of which entries have a label, and of which a stretch of updates reads it: two bits each, 86 MB for MT30. Nothing else grows with
 * a dataset, whose values stay in files: from scratch an engine took 634 MB on 690,000 episodes and 636 MB on 60.
 */
function bitsOf(entries: number): number {
  return (2 * entries) / 8;
}

/** Work of an engine in bytes: what stays in memory, and the most that comes and goes beside it. */
function workBytes(batch: number, teacher: TeacherWork | undefined, kind: MemoryKind): { stay: number; pass: number } {
  const { teachers, teacherArrays, teacherProgram, shared } = factors[kind];
  if (teacher === undefined) return shared ? { stay: 0, pass: batch } : { stay: batch, pass: 0 };
  const { architecture, rows, stays } = teacher;
  const weights = float32 * parameterCounts(architecture).rewardTeacher;
  const outputs = outputsOf('_encoder.state', architecture) + outputsOf('_reward', architecture);
  const labels = float32 * teacherArrays * rows * outputs + teacherProgram;
  const whole = teachers * weights + labels;
  if (shared)
    return stays
      ? { stay: teachers * weights, pass: Math.max(batch, labels) }
      : { stay: 0, pass: Math.max(batch, whole) };
  return stays ? { stay: batch + whole, pass: 0 } : { stay: batch, pass: whole };
}

function addUp(
  kind: MemoryKind,
  modelBytes: number,
  batchBytes: number,
  teacher: TeacherWork | undefined,
  labelledEntries: number,
): MemoryNeed {
  const { process, waiting } = factors[kind];
  const labelBytes = bitsOf(labelledEntries);
  const total = (work: { stay: number; pass: number }) =>
    process + modelBytes + labelBytes + work.stay + Math.max(waiting, work.pass);
  const alone = total(workBytes(batchBytes, undefined, kind));
  const totalBytes = total(workBytes(batchBytes, teacher, kind));
  const processBytes = alone - modelBytes - labelBytes - batchBytes;
  return { processBytes, modelBytes, batchBytes, teacherBytes: totalBytes - alone, labelBytes, totalBytes };
}

/** What an engine that trains needs. */
export function memoryNeed(work: TrainingWork, kind: MemoryKind): MemoryNeed {
  const { states, gradients, updateArrays } = factors[kind];
  const { trainable, stored } = parameterCounts(work.architecture);
  const model = float32 * (states * (stored + 2 * trainable) + gradients * trainable);
  return addUp(kind, model, batchBytes(work, updateArrays), work.teacher, work.labelledEntries ?? 0);
}

/** What an engine needs that labels a dataset of so many entries, or rows in memory. */
export function labellingNeed(teacher: Omit<TeacherWork, 'stays'>, entries: number, kind: MemoryKind): MemoryNeed {
  return addUp(kind, 0, 0, { ...teacher, stays: false }, entries);
}

/** What an engine needs for weights alone that are here, with the backend, and once more while they move there. */
export function planningNeed(architecture: Architecture, kind: MemoryKind): MemoryNeed {
  return addUp(kind, 3 * float32 * parameterCounts(architecture).stored, 0, undefined, 0);
}

/** A need whose labels are there already. */
export function withoutTeacher(need: MemoryNeed): MemoryNeed {
  return { ...need, teacherBytes: 0, totalBytes: need.totalBytes - need.teacherBytes };
}
