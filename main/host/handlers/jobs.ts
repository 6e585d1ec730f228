import { open } from 'node:fs/promises';
import { DecantError } from '../../../shared/errors.ts';
import { jobPathsIn } from '../../jobs/folder/layout.ts';
import { type Handlers } from '../core.ts';
import { parseConfiguration } from '../configuration.ts';
import { checkTeacher, findDataset } from '../fit.ts';
import { type HostServices } from '../services.ts';

type Names = 'jobs.list' | 'jobs.get' | 'jobs.start' | 'jobs.stop' | 'jobs.resume' | 'jobs.log';

const defaultLogBytes = 64 * 1024;

export function jobHandlers({ library, store, jobs }: HostServices): Pick<Handlers, Names> {
  const idOf = async (reference: string): Promise<string> => (await store.resolve(['job'], reference)).id;
  return {
    'jobs.list': (page) => store.listJobs(page),
    'jobs.get': async ({ id }) => store.jobDetail(await idOf(id)),
    'jobs.start': async ({ kind, config }) => {
      const configuration = parseConfiguration(kind, config);
      if ('dataset' in configuration && 'teacher' in configuration && configuration.teacher !== undefined)
        await checkTeacher(store, configuration.teacher, await findDataset(store, configuration.dataset));
      return { id: await jobs.enqueue(kind, configuration) };
    },
    'jobs.stop': async ({ id }) => {
      await jobs.stop(await idOf(id));
      return {};
    },
    'jobs.resume': async ({ id }) => {
      await jobs.resume(await idOf(id));
      return {};
    },
    'jobs.log': async ({ id, maxBytes }) => ({
      text: await readEnd(jobPathsIn(library, await idOf(id)).log, maxBytes ?? defaultLogBytes),
    }),
  };
}

/** The last bytes of a text file, from the start of a line on. A log that was never begun is empty. */
async function readEnd(path: string, maxBytes: number): Promise<string> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return '';
    throw new DecantError('FILE_UNREADABLE', path, { cause: thrown });
  }
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - maxBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, start);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}
