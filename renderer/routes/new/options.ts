import { architectureOfSize, modelSizes, sizeOfArchitecture } from '../../../shared/architecture.ts';
import type { BackendReport } from '../../../shared/device.ts';
import type { CheckpointRecord, DatasetRecord } from '../../../shared/records.ts';
import type { Option } from '../../components/option.ts';
import { formatBytes, formatShortCount, plural } from '../../format/numbers.ts';

export interface Picker {
  options: readonly Option[];
  /** The option that the entry means, which may be written as a name or as the beginning of an id. */
  chosen: string;
  /** What is worth knowing about the chosen one. */
  note?: string;
  warnings?: readonly string[];
}

export function datasetPicker(written: unknown, datasets: readonly DatasetRecord[]): Picker {
  const options = datasets.map((dataset) => ({ value: dataset.id, label: dataset.name, hint: datasetHint(dataset) }));
  return withWritten(written, datasets, options);
}

export function teacherPicker(written: unknown, checkpoints: readonly CheckpointRecord[]): Picker {
  const options = checkpoints.map((checkpoint) => {
    const problem = unfitTeacher(checkpoint);
    return {
      value: checkpoint.id,
      label: checkpoint.name,
      hint: problem ?? checkpointHint(checkpoint),
      ...(problem !== undefined && { disabled: true }),
    };
  });
  const picker = withWritten(written, checkpoints, options);
  const warnings = checkpoints.find(({ id }) => id === picker.chosen)?.facts.warnings ?? [];
  return { ...picker, warnings };
}

/** "random", or a checkpoint of the student's own size and number of Qs. */
export function initialisationPicker(
  written: unknown,
  checkpoints: readonly CheckpointRecord[],
  size: unknown,
  numQ: unknown,
): Picker {
  const known = modelSizes.find((one) => one === size);
  const wanted =
    known === undefined ? undefined : architectureOfSize(known, typeof numQ === 'number' ? numQ : undefined);
  const fits = ({ facts: { architecture } }: CheckpointRecord): boolean =>
    wanted !== undefined && sizeOfArchitecture(architecture) === known && architecture.numQ === wanted.numQ;
  const options: Option[] = checkpoints.filter(fits).map((checkpoint) => ({
    value: checkpoint.id,
    label: checkpoint.name,
    hint: checkpointHint(checkpoint),
  }));
  const random = { value: 'random', label: 'random', hint: 'fresh weights, drawn from the seed' };
  const meant = find(written, checkpoints);
  const picker = withWritten(written, checkpoints.filter(fits), [random, ...options]);
  if (meant === undefined || wanted === undefined || fits(meant)) return picker;
  const others = picker.options.filter(({ value }) => value !== written);
  const hint = checkpointHint(meant);
  return {
    options: [{ value: meant.id, label: meant.name, hint, disabled: true }, ...others],
    chosen: meant.id,
    note: hint,
    warnings: [`${meant.name} is ${sizeText(meant)}; the student is ${String(known)}M with ${wanted.numQ} Qs`],
  };
}

export function backendPicker(
  names: readonly string[],
  written: unknown,
  backends: readonly BackendReport[] | undefined,
): Picker {
  const options = names.map((name) => {
    const found = backends?.find((backend) => backend.name === name);
    if (found === undefined)
      return { value: name, label: name, ...(name === 'auto' && { hint: automaticHint(backends) }) };
    const hint = found.works ? found.reason : `Does not work here: ${found.reason}`;
    return { value: name, label: name, hint };
  });
  const chosen = typeof written === 'string' ? written : 'auto';
  const found = backends?.find((backend) => backend.name === chosen);
  const warnings =
    found?.works === false ? [[found.reason, found.action ?? ''].filter((part) => part !== '').join('. ')] : [];
  return { options, chosen, warnings };
}

function automaticHint(backends: readonly BackendReport[] | undefined): string {
  if (backends === undefined) return 'the fastest that works here';
  const meant = backends.find((backend) => backend.automatic);
  return meant === undefined
    ? 'nothing that it takes works here: see Device'
    : `here that is ${meant.name}: ${meant.reason}`;
}

export function datasetHint({ id, facts }: DatasetRecord): string {
  const { episodes, tasks, transitions, bytes } = facts;
  return [
    plural(episodes, 'episode'),
    plural(tasks.length, 'task'),
    `${formatShortCount(transitions)} transitions`,
    formatBytes(bytes),
    id,
  ].join(' · ');
}

export function checkpointHint(checkpoint: CheckpointRecord): string {
  const { facts, step, id } = checkpoint;
  return [
    sizeText(checkpoint),
    facts.precision,
    formatBytes(facts.bytes),
    ...(step === null ? [] : [`step ${step}`]),
    ...(facts.warnings.length === 0 ? [] : [plural(facts.warnings.length, 'warning')]),
    id,
  ].join(' · ');
}

function sizeText({ facts }: CheckpointRecord): string {
  const size = sizeOfArchitecture(facts.architecture);
  const qs = `${facts.architecture.numQ} Qs`;
  return size === undefined ? `custom net, ${formatShortCount(facts.parameters)} parameters` : `${size}M, ${qs}`;
}

/** Why a checkpoint cannot teach on MT30 data; undefined when it can. */
function unfitTeacher({ facts: { architecture } }: CheckpointRecord): string | undefined {
  const needed = architectureOfSize(1);
  const checks = [
    ['observations', architecture.obsDim, needed.obsDim],
    ['actions', architecture.actionDim, needed.actionDim],
    ['tasks', architecture.numTasks, needed.numTasks],
  ] as const;
  const found = checks.find(([, has, needs]) => has !== needs);
  return found && `does not fit: ${found[1]} ${found[0]}, MT30 data has ${found[2]}`;
}

interface Named {
  id: string;
  name: string;
}

function find<Entry extends Named>(written: unknown, entries: readonly Entry[]): Entry | undefined {
  if (typeof written !== 'string' || written === '') return undefined;
  const exact = entries.find(({ id }) => id === written);
  if (exact !== undefined) return exact;
  for (const fits of [({ name }: Named) => name === written, ({ id }: Named) => id.startsWith(written)]) {
    const [first, second] = entries.filter(fits);
    if (first !== undefined) return second === undefined ? first : undefined;
  }
  return undefined;
}

/** Offers what was written as it is where it names nothing that is there: the host says what it makes of it. */
function withWritten(written: unknown, entries: readonly Named[], options: readonly Option[]): Picker {
  const meant = find(written, entries);
  if (meant !== undefined) return pickerOf(options, meant.id);
  if (written === undefined || written === '') return { options, chosen: '' };
  const text = typeof written === 'string' ? written : JSON.stringify(written);
  if (options.some(({ value }) => value === text)) return pickerOf(options, text);
  const job = /^job:(.+)$/.exec(text)?.[1];
  const hint = job === undefined ? 'as written; nothing here has exactly this id or name' : `what job ${job} made`;
  return { options: [{ value: text, label: text, hint }, ...options], chosen: text, note: hint };
}

function pickerOf(options: readonly Option[], chosen: string): Picker {
  const note = options.find(({ value }) => value === chosen)?.hint;
  return { options, chosen, ...(note !== undefined && { note }) };
}
