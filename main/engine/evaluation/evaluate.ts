import type { Evaluation } from '../../../shared/results.ts';
import { taskByName } from '../../../shared/tasks.ts';
import { taskDefinition } from '../../sim/suite.ts';
import { type Outcome, type Session } from '../session.ts';
import { actorOf } from './actors.ts';
import { playEpisodes } from './episodes.ts';

/** Progress is written no more often. */
const progressMilliseconds = 500;

/**
 * Plays episodes of simulator tasks with a checkpoint, by its policy or by MPPI; the score is the mean over tasks of the return / 10.
 * Errors: NOT_BUILT for a task that this version does not simulate, NOT_FOUND, BACKEND_UNAVAILABLE.
 */
export async function evaluate(session: Session): Promise<Outcome> {
  const configuration = session.configuration('evaluate');
  const { episodes, seed } = configuration;
  const tasks = configuration.tasks.flatMap((name) => taskByName(name) ?? []);
  for (const { name } of tasks) taskDefinition(name);
  const list = tasks.flatMap((task) => Array.from({ length: episodes }, (_, episode) => ({ task, episode })));
  using actor = await actorOf(session, configuration, list.length);
  await session.started(0, actor.machine);
  let told = -Infinity;
  const returns = await playEpisodes(list, actor, {
    seed,
    stopped: () => session.signal.aborted,
    onStep: async (done, total) => {
      await session.breathe();
      if (done < total && performance.now() - told < progressMilliseconds) return;
      told = performance.now();
      await session.progress('playing', done, total, 'steps');
    },
  });
  if (returns === undefined) return 'stopped';
  const results = tasks.map(({ name }, index) => {
    const own = returns.slice(index * episodes, (index + 1) * episodes);
    return { task: name, returns: own, meanReturn: mean(own) };
  });
  const evaluation: Evaluation = { score: mean(results.map(({ meanReturn }) => meanReturn)) / 10, tasks: results };
  await session.acknowledge({ type: 'result', result: { kind: 'evaluate', evaluation } });
  return 'finished';
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
