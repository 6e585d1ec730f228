import type { ModelSize } from './architecture.ts';
import type { RunConfigurationInput } from './configuration.ts';

/** What a preset needs from the library, recognised by its facts. */
export interface PresetNeeds {
  /** All of MT30: 690,000 episodes of 30 tasks. */
  dataset: 'mt30';
  /** A teacher of this size; absent to train from scratch. */
  teacherSize?: ModelSize;
}

export interface Preset {
  name: string;
  title: string;
  description: string;
  needs: PresetNeeds;
  /** The configuration without dataset and teacher, which are found in the library. */
  settings: Omit<RunConfigurationInput, 'dataset' | 'teacher'>;
}

/** The paper's dataset (reference/README.md). */
export const mt30Episodes = 690_000;

interface PaperRow {
  batchSize: number;
  steps: number;
  /** Absent: from scratch. */
  coefficient?: number;
  /** The paper does not state d_coef for this row. */
  assumed?: true;
  teacherSize?: ModelSize;
  /** MT30 normalised score of the paper, by MPPI. */
  score: number;
}

const thousand = 1000;
/** The rows of the paper's tables that train a 1M student on rewards alone. */
const paperRows: readonly PaperRow[] = [
  { coefficient: 0.05, batchSize: 256, steps: 200 * thousand, score: 13.61 },
  { coefficient: 0.25, batchSize: 256, steps: 200 * thousand, score: 14.49 },
  { coefficient: 0.4, batchSize: 256, steps: 200 * thousand, score: 17.85 },
  { coefficient: 0.55, batchSize: 256, steps: 200 * thousand, score: 16.08 },
  { coefficient: 0.6, batchSize: 256, steps: 200 * thousand, score: 14.83 },
  { coefficient: 0.9, batchSize: 256, steps: 200 * thousand, score: 13.79 },
  { coefficient: 0.4, assumed: true, batchSize: 128, steps: 200 * thousand, score: 17.37 },
  { coefficient: 0.4, assumed: true, batchSize: 1024, steps: 200 * thousand, score: 18.11 },
  { coefficient: 0.4, assumed: true, batchSize: 1024, steps: 337 * thousand, score: 25.44 },
  { coefficient: 0.45, batchSize: 256, steps: 1000 * thousand, score: 28.12 },
  { coefficient: 0.4, assumed: true, batchSize: 256, steps: 200 * thousand, teacherSize: 48, score: 13.61 },
  { batchSize: 256, steps: 200 * thousand, score: 14.04 },
  { batchSize: 1024, steps: 200 * thousand, score: 18.7 },
  { batchSize: 1024, steps: 337 * thousand, score: 26.94 },
  { batchSize: 256, steps: 1000 * thousand, score: 27.36 },
];

export const paperPresets: readonly Preset[] = paperRows.map(presetOfRow);

function presetOfRow(row: PaperRow): Preset {
  const { batchSize, steps, coefficient, assumed, teacherSize = 317, score } = row;
  const length = steps === 1000 * thousand ? '1m' : `${steps / thousand}k`;
  const schedule = `${steps.toLocaleString('en-US')} updates of ${batchSize} sequences`;
  const settings = { student: { size: 1 as const }, batchSize, steps };
  const figure = `The paper reports a score of ${score}.`;
  if (coefficient === undefined)
    return {
      name: `paper-scratch-${length}-b${batchSize}`,
      title: `From scratch, ${length.toUpperCase()}, batch ${batchSize}`,
      description: `A 1M model without a teacher, ${schedule}. ${figure}`,
      needs: { dataset: 'mt30' },
      settings: { ...settings, method: 'scratch' },
    };
  const note = assumed === true ? ' (assumed: the paper does not state it for this row)' : '';
  const from = teacherSize === 317 ? '' : `-t${teacherSize}`;
  return {
    name: `paper-distil-${length}-b${batchSize}-d${coefficient}${from}`,
    title: `Distil ${teacherSize}M → 1M, ${length.toUpperCase()}, batch ${batchSize}, d_coef ${coefficient}`,
    description: `A 1M student of the ${teacherSize}M teacher, ${schedule}, d_coef ${coefficient}${note}. ${figure}`,
    needs: { dataset: 'mt30', teacherSize },
    settings: { ...settings, method: 'distil', distillation: { coefficient } },
  };
}

/** Every number of the quick pour: data collected here, a small teacher, a student, a file, a verdict; minutes on two cores. */
export const quickPour = {
  name: 'quick',
  title: 'Quick pour',
  description:
    'Needs no data: records two tasks in the built-in simulator, trains a 5M teacher, distils a 1M student and exports it.',
  tasks: ['pendulum-spin', 'cartpole-balance'],
  episodesPerTask: 40,
  validationEpisodes: 8,
  batchSize: 32,
  /** A few hundred updates instead of hundreds of thousands: larger steps, in the encoder too. */
  hyperparameters: { lr: 1e-3, encLrScale: 1 },
  teacher: { size: 5, steps: 200 },
  student: { size: 1, steps: 300, coefficient: 0.4 },
  export: { format: 'pt', precision: 'fp16' },
  seed: 1,
} as const;
