import type { DatasetFacts } from '../../../shared/facts.ts';

type Tasks = DatasetFacts['tasks'];
type Returns = Tasks[number]['returns'];

/** The returns of all tasks together: bins added, the mean weighted by episodes. */
export function totalReturns(tasks: Tasks): Returns {
  const bins = Math.max(0, ...tasks.map(({ returns }) => returns.histogram.length));
  const histogram = Array.from({ length: bins }, (_, bin) =>
    tasks.reduce((sum, { returns }) => sum + (returns.histogram[bin] ?? 0), 0),
  );
  const episodes = tasks.reduce((sum, task) => sum + task.episodes, 0);
  const weighted = tasks.reduce((sum, task) => sum + task.returns.mean * task.episodes, 0);
  return {
    min: Math.min(...tasks.map(({ returns }) => returns.min)),
    mean: episodes === 0 ? 0 : weighted / episodes,
    max: Math.max(...tasks.map(({ returns }) => returns.max)),
    histogram,
  };
}
