import { taskByName, type Task } from '../../../shared/tasks.ts';
import { type Evaluation } from '../../../shared/jobs.ts';
import { createEnvironment } from '../../sim/environment.ts';
import { type Outcome, type Session } from '../session.ts';
import { policyOf, type ActingPolicy } from './policy.ts';

/** Plays episodes of simulator tasks with a checkpoint's policy; the score is the mean over tasks of the return / 10. */
export async function evaluate(session: Session): Promise<Outcome> {
  const { tasks: names, episodes, sample, seed, backend } = session.configuration('evaluate');
  const policy = await policyOf(session, 'checkpoint', backend, sample);
  await session.started(0, policy.machine);
  const results: Evaluation['tasks'] = [];
  for (const task of names.flatMap((name) => taskByName(name) ?? [])) {
    const environment = await createEnvironment(task.name, seed);
    try {
      const returns: number[] = [];
      for (let episode = 0; episode < episodes; episode++) {
        if (session.signal.aborted) return 'stopped';
        returns.push(await playEpisode(environment, task, policy, seed, episode));
        await session.progress(`playing ${task.name}`, episode + 1, episodes, 'episodes');
      }
      results.push({ task: task.name, returns, meanReturn: mean(returns) });
    } finally {
      environment.dispose();
    }
  }
  const evaluation: Evaluation = { score: mean(results.map(({ meanReturn }) => meanReturn)) / 10, tasks: results };
  await session.acknowledge({ type: 'result', result: { kind: 'evaluate', evaluation } });
  return 'finished';
}

async function playEpisode(
  environment: Awaited<ReturnType<typeof createEnvironment>>,
  task: Task,
  policy: ActingPolicy,
  seed: number,
  episode: number,
): Promise<number> {
  let observation = environment.reset();
  let total = 0;
  for (let step = 0; ; step++) {
    const action = await policy.act(observation, task, { seed, step: episode * 10_000 + step });
    const result = environment.step(action);
    total += result.reward;
    observation = result.observation;
    if (result.done) return total;
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
