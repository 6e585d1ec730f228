import { sizeOfArchitecture } from '../../../shared/architecture.ts';
import { mt30Episodes, paperPresets } from '../../../shared/presets.ts';
import type { CheckpointRecord, DatasetRecord } from '../../../shared/records.ts';
import { taskCount } from '../../../shared/tasks.ts';

/** A file that the paper's presets start from, and where its makers publish it. Nothing of this is fetched by Decant. */
export interface PaperInput {
  key: 'mt30' | 'teacher317' | 'teacher48' | 'student1';
  title: string;
  files: string;
  /** What is downloaded; a checkpoint's is what it stores in fp32: its parameters and the target Qs (reference/sizes.md). */
  bytes: number;
  sizeIsEstimate: boolean;
  page: string;
  neededBy: string;
}

const presetsOf = (size: number): number => paperPresets.filter((preset) => preset.needs.teacherSize === size).length;

export const paperInputs: readonly PaperInput[] = [
  {
    key: 'mt30',
    title: 'MT30 dataset',
    files: 'chunk_0.pt to chunk_3.pt',
    bytes: 20e9,
    sizeIsEstimate: true,
    page: 'https://www.tdmpc2.com/dataset',
    neededBy: `all ${paperPresets.length} presets`,
  },
  {
    key: 'teacher317',
    title: '317M teacher',
    files: 'mt30-317M.pt',
    bytes: 503_472_705 * 4,
    sizeIsEstimate: true,
    page: 'https://www.tdmpc2.com/models',
    neededBy: `${presetsOf(317)} presets that distil`,
  },
  {
    key: 'teacher48',
    title: '48M teacher',
    files: 'mt30-48M.pt',
    bytes: 72_766_435 * 4,
    sizeIsEstimate: true,
    page: 'https://www.tdmpc2.com/models',
    neededBy: `${presetsOf(48)} preset`,
  },
  {
    key: 'student1',
    title: '1M checkpoint',
    files: 'mt30-1M.pt',
    bytes: 1_980_357 * 4,
    sizeIsEstimate: true,
    page: 'https://www.tdmpc2.com/models',
    neededBy: 'variants that start from it',
  },
];

const sizes = { teacher317: 317, teacher48: 48, student1: 1 } as const;

/** Whether the library holds an input, told by its facts as the host tells it for the presets. */
export function isPresent(
  input: PaperInput,
  datasets: readonly DatasetRecord[],
  checkpoints: readonly CheckpointRecord[],
): boolean {
  const { key } = input;
  if (key === 'mt30')
    return datasets.some(({ facts }) => facts.episodes === mt30Episodes && facts.tasks.length === taskCount);
  return checkpoints.some(({ run, facts }) => run === null && sizeOfArchitecture(facts.architecture) === sizes[key]);
}
