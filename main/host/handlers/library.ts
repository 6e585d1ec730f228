import { DecantError } from '../../../shared/errors.ts';
import { jobFolder } from '../../files/library.ts';
import { folderBytes } from '../../files/measure.ts';
import { type Handlers } from '../core.ts';
import { type HostServices } from '../services.ts';

type Names = 'library.info' | 'library.resolve' | 'library.verify' | 'library.delete';

export function libraryHandlers({ library, version, store, jobs }: HostServices): Pick<Handlers, Names> {
  return {
    'library.info': () => ({ home: library.home, version }),
    'library.resolve': async ({ reference }) => {
      const { id, kind } = await store.resolve(['job', 'checkpoint', 'dataset'], reference);
      if (kind === 'group') throw new DecantError('NOT_FOUND', `"${reference}" is a group`);
      return { id, kind };
    },
    'library.verify': async ({ id }) => {
      if (id === undefined) return { id: await jobs.enqueue('verify', {}) };
      const found = await store.resolve(['checkpoint', 'dataset'], id);
      return { id: await jobs.enqueue('verify', { id: found.id }) };
    },
    'library.delete': async ({ id, dryRun }) => {
      const found = await store.resolve(['job', 'checkpoint', 'dataset', 'group'], id);
      const sizes = new Map<string, number>();
      for (const { id: checkpoint, facts } of await store.contents.listCheckpoints())
        sizes.set(checkpoint, facts.bytes);
      for (const { id: dataset, facts } of await store.contents.listDatasets()) sizes.set(dataset, facts.bytes);
      if (found.kind === 'job') sizes.set(found.id, await folderBytes(jobFolder(library, found.id)));
      const removed =
        dryRun === true ? await store.previewDeletion(found.kind, found.id) : await jobs.delete(found.kind, found.id);
      return { removed, bytes: removed.reduce((sum, gone) => sum + (sizes.get(gone) ?? 0), 0) };
    },
  };
}
