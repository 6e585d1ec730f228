import { type Backend } from '../compute/program.ts';
import { heldOutRows, meanSquaredError } from '../evaluation/heldOutRows.ts';
import { createRewardModel } from '../tdmpc2/inference.ts';
import { type Agent } from '../tdmpc2/agent.ts';
import { type TrainingPlan } from './plan.ts';

const rowsPerTask = 256;

/** Mean over tasks of the student's squared reward error on held-out rows; undefined where none are held out. */
export async function heldOutReward(plan: TrainingPlan, agent: Agent, backend: Backend): Promise<number | undefined> {
  const { validationEpisodes } = plan.configuration;
  if (validationEpisodes === 0) return undefined;
  const { parameters } = await agent.read();
  const model = createRewardModel({ architecture: plan.architecture, backend }, parameters);
  try {
    const errors: number[] = [];
    for (const { obs, action, task, reward } of heldOutRows(plan.dataset, validationEpisodes, rowsPerTask).values())
      errors.push(meanSquaredError(await model.predict(obs, action, task), reward));
    return errors.reduce((sum, error) => sum + error, 0) / errors.length;
  } finally {
    model.dispose();
  }
}
