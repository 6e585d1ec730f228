import type { CheckpointInput } from '../../../shared/jobFolder.ts';
import type { Assessment } from '../../../shared/results.ts';
import { taskByIndex } from '../../../shared/tasks.ts';
import { type RowInputs } from '../../data/batches.ts';
import { Dataset } from '../../data/dataset.ts';
import { startBackend } from '../compute/backend.ts';
import { type Backend } from '../compute/program.ts';
import { describeMachine } from '../machine.ts';
import { type Outcome, type Session } from '../session.ts';
import { createRewardModel } from '../tdmpc2/inference.ts';
import { initialParameters } from '../tdmpc2/parameters.ts';
import { loadRewardPredictor, type RewardPredictor } from '../training/teacher.ts';
import { heldOutRows, meanSquaredError } from './heldOutRows.ts';

const rowsPerTask = 20_000;

/** The best constant's error is the variance of the recorded rewards. */
function constantError(recorded: Float32Array): number {
  const mean = recorded.reduce((sum, value) => sum + value, 0) / recorded.length;
  return recorded.reduce((sum, value) => sum + (value - mean) ** 2, 0) / recorded.length;
}

/** A model of the student's architecture that was never trained. */
function untrainedPredictor(input: CheckpointInput, seed: number, backend: Backend): RewardPredictor {
  const { architecture } = input;
  const model = createRewardModel({ architecture, backend }, initialParameters(architecture, seed));
  return {
    predict: ({ obs, action, task }) => model.predict(obs, action, task),
    [Symbol.dispose]: () => model.dispose(),
  };
}

/** Reward errors per task on episodes that training never drew from. Errors: those of dataset and checkpoints. */
export async function assess(session: Session): Promise<Outcome> {
  const { validationEpisodes, seed, backend: backendName } = session.configuration('assess');
  const backend = await startBackend(backendName);
  await session.started(0, describeMachine(backend));
  using dataset = await Dataset.open(session.paths, session.dataset('dataset').manifest);
  const studentInput = session.checkpoint('student');
  using student = await loadRewardPredictor(session.paths, studentInput, backend);
  const teacherInput = session.start.checkpoints['teacher'];
  using teacher =
    teacherInput === undefined ? undefined : await loadRewardPredictor(session.paths, teacherInput, backend);
  using untrained = untrainedPredictor(studentInput, seed, backend);
  const byTask = [...heldOutRows(dataset, validationEpisodes, rowsPerTask)];
  const tasks: Assessment['tasks'] = [];
  for (const [task, rows] of byTask) {
    if (session.signal.aborted) return 'stopped';
    const errorOf = async (predictor: RewardPredictor, inputs: RowInputs): Promise<number> =>
      meanSquaredError(await predictor.predict(inputs), inputs.reward);
    const errors = {
      student: await errorOf(student, rows),
      teacher: teacher === undefined ? null : await errorOf(teacher, rows),
      untrained: await errorOf(untrained, rows),
      constant: constantError(rows.reward),
    };
    tasks.push({
      task: taskByIndex(task).name,
      samples: rows.count,
      ...errors,
      ratioToUntrained: errors.student / errors.untrained,
      ratioToConstant: errors.student / errors.constant,
    });
    await session.progress('measuring', tasks.length, byTask.length, 'tasks');
    await session.breathe();
  }
  await session.acknowledge({ type: 'result', result: { kind: 'assess', assessment: { tasks } } });
  return 'finished';
}
