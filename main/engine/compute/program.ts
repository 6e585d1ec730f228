import { type Tensor, type TensorMap } from '../../../shared/tensor.ts';
import type * as tf from '@tensorflow/tfjs';

/** What a program is given and returns, by name. */
export type ProgramTensors = ReadonlyMap<string, tf.Tensor>;

/**
 * A computation written once in TF.js operations, which a backend runs as it is or records first. `run` is a pure function of its
 * arguments and reads no data; coefficients and learning rates are scalar inputs. It runs inside a tidy.
 */
export interface Program {
  readonly name: string;
  /** Names of the tensors that stay with the backend between steps. */
  readonly state: readonly string[];
  readonly run: (
    state: ProgramTensors,
    batch: ProgramTensors,
    scalars: ProgramTensors,
  ) => { state: ProgramTensors; outputs: ProgramTensors };
}

/** What a step is fed: float32 stays, every integer dtype becomes int32 (indices) or float32 (uint8 masks). */
export type Batch = ReadonlyMap<string, Tensor>;
export type Scalars = Readonly<Record<string, number>>;
/** Outputs of one step, read back. */
export type Outputs = ReadonlyMap<string, Float32Array>;

/** A program on a machine, with its state there. */
export interface CompiledProgram {
  /**
   * Replaces the whole state, float32 only, whatever shapes it had before. The caller leaves the arrays as they are from then on.
   * Errors: RangeError for a state that is missing, not float32 or of another length than its shape; the one before then stays.
   */
  load(state: TensorMap): void;
  /**
   * One step after another: the next begins when this one has ended. Errors: RangeError for a shape or dtype that does not fit; Error
   * where no state was loaded, or where a step failed in the middle and left none.
   */
  step(batch: Batch, scalars: Scalars): Promise<Outputs>;
  /** A copy of the state. */
  read(): Promise<TensorMap>;
  dispose(): void;
}

/** What every backend offers. */
export interface Backend {
  readonly name: string;
  /** Threads that its computations use; absent where its library takes what it likes. */
  readonly threads?: number;
  /** Computes on a graphics card. */
  readonly usesGpu?: boolean;
  /** Programs are compiled for each shape of batch anew, so that few shapes are better than many. */
  readonly compiled?: boolean;
  /** Rows of a product beyond which each costs more, since they leave the caches; absent where more rows are never worse. */
  readonly rowsTogether?: number;
  compile(program: Program): CompiledProgram;
}
