import { paddedActionDim, paddedObservationDim, type Task } from '../../../shared/tasks.ts';
import { type BackendName } from '../../../shared/configuration.ts';
import { randomSites } from '../../../shared/random.ts';
import { loadCheckpointParameters } from '../../data/checkpoints/stored.ts';
import { startBackend } from '../compute/backend.ts';
import { describeMachine, type Machine } from '../machine.ts';
import { type Session } from '../session.ts';
import { createPolicyModel } from '../tdmpc2/inference.ts';
import { normalsOf } from '../tdmpc2/random.ts';

/** A checkpoint's policy acting in an environment. */
export interface ActingPolicy {
  readonly machine: Machine;
  /** The mean action, or a sample; `observation` unpadded, the action at the task's own size. */
  act(observation: Float32Array, task: Task, draw: { seed: number; step: number }): Promise<Float32Array>;
  dispose(): void;
}

/** Loads encoder and policy of the input checkpoint `key`. Errors: NOT_FOUND, BACKEND_UNAVAILABLE. */
export async function policyOf(
  session: Session,
  key: string,
  backendName: BackendName,
  sample: boolean,
): Promise<ActingPolicy> {
  const input = session.checkpoint(key);
  const backend = await startBackend(backendName);
  const parameters = await loadCheckpointParameters(session.paths, input, ['task_emb', 'encoder', 'pi']);
  const model = createPolicyModel({ architecture: input.architecture, backend }, parameters);
  return {
    machine: describeMachine(backend),
    act: async (observation, task, { seed, step }) => {
      const padded = new Float32Array(paddedObservationDim);
      padded.set(observation);
      const noise = sample ? normalsOf(seed, step, randomSites.actPolicy, paddedActionDim) : undefined;
      const action = await model.act(padded, Int32Array.of(task.index), noise);
      return action.slice(0, task.actionDim);
    },
    dispose: () => model.dispose(),
  };
}
