import { DecantError } from '../../../shared/errors.ts';
import { removeFiles, removeFolder } from '../../files/folders.ts';
import { fileBytes } from '../../files/measure.ts';
import { removeManifests } from '../manifests.ts';
import { type HostServices } from '../services.ts';
import { findFreeable, type Candidate } from './freeable.ts';
import { scanLibrary } from './usage.ts';

/**
 * Frees what was chosen, after another look at the library during which no job begins. All is looked at before anything goes.
 * Errors: NOT_FOUND for what is not offered any more, IN_USE naming what needs it.
 */
export function freeChosen(
  services: HostServices,
  ids: readonly string[],
): Promise<{ bytes: number; laterBytes: number }> {
  return services.jobs.exclusively(async () => {
    const offered = new Map(
      (await findFreeable(services, await scanLibrary(services))).map((one) => [one.freeable.id, one]),
    );
    const chosen = [...new Set(ids)].map((id) => {
      const found = offered.get(id);
      if (found === undefined) throw new DecantError('NOT_FOUND', `${id} is not there any more, or is needed by now`);
      if (found.freeable.blocked !== null)
        throw new DecantError('IN_USE', `${found.freeable.name}: ${found.freeable.blocked}`);
      return found;
    });
    // Rows can refuse, files cannot: those that have rows go first.
    const surplus = chosen.flatMap(({ removal }) => (removal.how === 'checkpoint' ? [removal.id] : []));
    if (surplus.length > 0) await services.jobs.dropSurplus(surplus);
    for (const { removal } of chosen) await remove(services, removal);
    const freed = { bytes: 0, laterBytes: 0 };
    for (const { freeable, removal } of chosen)
      freed[(await stillThere(services, removal)) ? 'laterBytes' : 'bytes'] += freeable.bytes;
    return freed;
  });
}

async function remove(services: HostServices, removal: Candidate['removal']): Promise<void> {
  const { library, store, jobs } = services;
  switch (removal.how) {
    case 'checkpoint':
      return;
    case 'job':
      await jobs.delete('job', removal.id);
      return;
    case 'files':
      await removeFiles(removal.paths);
      return;
    case 'manifests':
      await removeManifests(library, removal.manifests, await store.contents.livingManifests());
      return;
    case 'labels':
      // Labels that are not counted are found again when they are needed; counted ones that are gone would be missed.
      await forgetLabels(services, removal.teacher);
      await removeFolder(removal.folder);
  }
}

async function forgetLabels({ store, events }: HostServices, teacher: string): Promise<void> {
  const before = await store.contents.listDatasets();
  await store.forgetTeacher(teacher);
  for (const dataset of await store.contents.listDatasets()) {
    const earlier = before.find(({ id }) => id === dataset.id);
    if (earlier?.labels.length !== dataset.labels.length) events.publish({ type: 'dataset', dataset });
  }
}

/** While another job runs, files whose rows went wait for its end. */
async function stillThere({ store }: HostServices, removal: Candidate['removal']): Promise<boolean> {
  if (removal.how === 'checkpoint') return (await fileBytes(removal.file)) > 0;
  return removal.how === 'job' && (await store.listGarbage()).jobs.includes(removal.id);
}
