import { sizeOfArchitecture } from '../../shared/architecture.ts';
import { type RunConfigurationInput } from '../../shared/configuration.ts';
import { DecantError } from '../../shared/errors.ts';
import { mt30Episodes, paperPresets, quickPour, type Preset, type PresetNeeds } from '../../shared/presets.ts';
import type { PresetRecord } from '../../shared/records.ts';
import { taskCount } from '../../shared/tasks.ts';
import { type Store } from '../store/store.ts';

interface Found {
  dataset?: string;
  teacher?: string;
  missing: string[];
}

/** All presets; `needs` lists what the library lacks for each. */
export async function listPresets(store: Store): Promise<PresetRecord[]> {
  const { name, title, description } = quickPour;
  const presets: PresetRecord[] = [{ name, title, description, needs: [] }];
  for (const preset of paperPresets)
    presets.push({
      name: preset.name,
      title: preset.title,
      description: preset.description,
      needs: (await findInputs(store, preset.needs)).missing,
    });
  return presets;
}

/** Errors: PRESET_UNKNOWN; USAGE for the quick pour, which is several jobs. */
export function findPreset(name: string): Preset {
  if (name === quickPour.name)
    throw new DecantError(
      'USAGE',
      'the preset quick is a chain of jobs, not one configuration: start it with quick.start',
    );
  const preset = paperPresets.find((one) => one.name === name);
  if (preset !== undefined) return preset;
  const names = [quickPour.name, ...paperPresets.map((one) => one.name)];
  throw new DecantError('PRESET_UNKNOWN', `"${name}" is none of ${names.join(', ')}`);
}

/** The configuration with dataset and teacher of the library. Errors: NOT_FOUND naming all that is missing. */
export async function presetConfiguration(store: Store, preset: Preset): Promise<RunConfigurationInput> {
  const { dataset, teacher, missing } = await findInputs(store, preset.needs);
  if (dataset === undefined || missing.length > 0)
    throw new DecantError('NOT_FOUND', `the preset ${preset.name} needs ${missing.join(' and ')}: import it first`);
  return { ...preset.settings, name: preset.title, dataset, ...(teacher !== undefined && { teacher }) };
}

async function findInputs(store: Store, needs: PresetNeeds): Promise<Found> {
  const found: Found = { missing: [] };
  const datasets = await store.contents.listDatasets();
  const dataset = datasets.find(({ facts }) => facts.episodes === mt30Episodes && facts.tasks.length === taskCount);
  if (dataset === undefined) found.missing.push('MT30 dataset');
  else found.dataset = dataset.id;
  const { teacherSize } = needs;
  if (teacherSize === undefined) return found;
  const teacher = (await store.contents.listCheckpoints()).find(
    ({ run, facts }) => run === null && sizeOfArchitecture(facts.architecture) === teacherSize,
  );
  if (teacher === undefined) found.missing.push(`${teacherSize}M teacher`);
  else found.teacher = teacher.id;
  return found;
}
