import type { CheckpointInput } from '../../../shared/jobFolder.ts';
import { loadCheckpointParameters } from '../../data/checkpoints/stored.ts';
import { type LibraryPaths } from '../../files/library.ts';
import { type Backend } from '../compute/program.ts';
import { createRewardModel } from '../tdmpc2/inference.ts';

/** A checkpoint's scalar reward for rows: a frozen teacher, or a student that is measured. */
export interface RewardPredictor extends Disposable {
  /** Rows of padded obs [n, 24] and action [n, 6]; returns float32 [n]. */
  predict(inputs: { obs: Float32Array; action: Float32Array; task: Int32Array }): Promise<Float32Array>;
}

/** Loads encoder, reward head and task embedding, and nothing else of the checkpoint. */
export async function loadRewardPredictor(
  paths: LibraryPaths,
  input: CheckpointInput,
  backend: Backend,
): Promise<RewardPredictor> {
  const parameters = await loadCheckpointParameters(paths, input, ['task_emb', 'encoder', 'reward']);
  const model = createRewardModel({ architecture: input.architecture, backend }, parameters);
  return {
    predict: ({ obs, action, task }) => model.predict(obs, action, task),
    [Symbol.dispose]: () => model.dispose(),
  };
}
