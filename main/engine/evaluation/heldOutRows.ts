import { readRowInputs, type RowInputs } from '../../data/batches.ts';
import { type Dataset } from '../../data/dataset.ts';
import { splitEpisodes, type EpisodeRange } from '../../data/sampler.ts';

/** Rows of held-out episodes, evenly spread: at most `limit` of each task. Deterministic. */
export function heldOutRows(dataset: Dataset, validationEpisodes: number, limit: number): Map<number, RowInputs> {
  const { heldOut } = splitEpisodes(dataset.manifest, validationEpisodes);
  const tasks = [...new Set(heldOut.map((range) => range.task))];
  const rangesOf = (task: number): EpisodeRange[] => heldOut.filter((range) => range.task === task);
  return new Map(tasks.map((task) => [task, readRows(dataset, rangesOf(task), limit)]));
}

function readRows(dataset: Dataset, ranges: readonly EpisodeRange[], limit: number): RowInputs {
  const rows = { segment: [] as number[], episode: [] as number[], row: [] as number[] };
  const perEpisode = dataset.episodeLength - 1;
  const total = ranges.reduce((sum, range) => sum + range.end - range.first, 0) * perEpisode;
  const stride = Math.max(1, Math.ceil(total / limit));
  let index = 0;
  for (const range of ranges)
    for (let episode = range.first; episode < range.end; episode++)
      for (let row = 1; row <= perEpisode; row++) {
        if (index++ % stride !== 0) continue;
        rows.segment.push(range.segment);
        rows.episode.push(episode);
        rows.row.push(row);
      }
  return readRowInputs(dataset, rows);
}

/** Mean squared difference. */
export function meanSquaredError(predicted: Float32Array, recorded: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < recorded.length; index++) sum += ((predicted[index] ?? 0) - (recorded[index] ?? 0)) ** 2;
  return sum / recorded.length;
}
