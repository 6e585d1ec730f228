import { type Handlers } from '../core.ts';
import { type HostServices } from '../services.ts';

type Names = 'grants.create' | 'import.start' | 'export.start' | 'bundle.start';

/** Files in and out: always by a grant. */
export function transferHandlers({ grants, jobs, store }: HostServices): Pick<Handlers, Names> {
  return {
    'grants.create': ({ paths, use }) => ({ grant: grants.create(paths, use) }),
    'import.start': async ({ grant, name }) => {
      const paths = grants.redeem(grant, 'read');
      return { id: await jobs.enqueue('import', { paths, ...(name !== undefined && { name }) }) };
    },
    'export.start': async ({ grant, ...wanted }) => {
      const folder = grant === undefined ? undefined : grants.redeem(grant, 'write')[0];
      return { id: await jobs.enqueue('export', { ...wanted, ...(folder !== undefined && { folder }) }) };
    },
    'bundle.start': async ({ run: reference, grant }) => {
      const { run } = await store.bundleRun(reference);
      const folder = grant === undefined ? undefined : grants.redeem(grant, 'write')[0];
      const configuration = { run: run.id, ...(folder !== undefined && { folder }) };
      return { id: await jobs.enqueue('bundle', configuration, { name: `Bundle ${run.name}` }) };
    },
  };
}
