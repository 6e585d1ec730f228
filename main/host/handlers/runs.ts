import { type Handlers } from '../core.ts';
import { parseConfiguration } from '../configuration.ts';
import { checkRunInputs } from '../fit.ts';
import { findPreset, listPresets, presetConfiguration } from '../presets.ts';
import { startQuickPour } from '../quick.ts';
import { type HostServices } from '../services.ts';

type Names =
  | 'runs.list'
  | 'runs.annotate'
  | 'runs.start'
  | 'runs.estimate'
  | 'presets.list'
  | 'presets.configuration'
  | 'quick.start'
  | 'groups.get';

export function runHandlers({ store, jobs, events }: HostServices): Pick<Handlers, Names> {
  return {
    'runs.list': (page) => store.listRuns(page),
    'runs.annotate': async ({ id, ...changes }) => {
      const found = await store.resolve(['job'], id);
      events.publish({ type: 'job', job: await store.updateJob(found.id, changes) });
      return {};
    },
    'runs.start': async ({ config }) => {
      const configuration = parseConfiguration('train', config);
      await checkRunInputs(store, configuration);
      return { id: await jobs.enqueue('train', configuration) };
    },
    'runs.estimate': async ({ config }) => {
      const configuration = parseConfiguration('estimate', config);
      await checkRunInputs(store, configuration);
      return { id: await jobs.enqueue('estimate', configuration, { hidden: true }) };
    },
    'presets.list': () => listPresets(store),
    'presets.configuration': async ({ name }) => ({ config: await presetConfiguration(store, findPreset(name)) }),
    'quick.start': ({ seed }) => startQuickPour(jobs, seed),
    'groups.get': async ({ id }) => store.getGroup((await store.resolve(['group'], id)).id),
  };
}
