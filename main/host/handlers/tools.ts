import { DecantError } from '../../../shared/errors.ts';
import { jobConfigurationSchemas, type JobState } from '../../../shared/jobs.ts';
import { listTools, removeTensorflow } from '../../setup/setUp.ts';
import { type Handlers } from '../core.ts';
import { type HostServices } from '../services.ts';

type Names = 'tools.list' | 'tools.setup' | 'tools.remove';

const living: readonly JobState[] = ['queued', 'running', 'stopping'];

/** The tools of this user: what is set up, setting up, removing. A variant is never set up twice at once, nor removed under a run of this library. */
export function toolHandlers({ store, jobs }: HostServices): Pick<Handlers, Names> {
  /** The set-up that is queued or runs in this library, by variant. */
  const working = async (): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const { id, kind, state } of await store.listJobs({})) {
      if (kind !== 'setup' || !living.includes(state)) continue;
      const { config } = await store.jobDetail(id);
      found.set(jobConfigurationSchemas.setup.parse(config).variant, id);
    }
    return found;
  };
  let last: Promise<unknown> = Promise.resolve();
  /** Two who ask at once do not both find that nobody is at it. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    'tools.list': async () => {
      const at = await working();
      return (await listTools()).map((report) => ({ ...report, job: at.get(report.variant) ?? null }));
    },
    'tools.setup': (choice) =>
      inTurn(async () => {
        const id = (await working()).get(choice.variant);
        return { id: id ?? (await jobs.enqueue('setup', choice)) };
      }),
    'tools.remove': ({ variant }) =>
      inTurn(async () => {
        const id = (await working()).get(variant);
        if (id !== undefined) throw new DecantError('IN_USE', `${id} sets it up`);
        const user = (await store.listJobs({})).find(
          ({ state, backend }) => living.includes(state) && backend?.startsWith('tensorflow') === true,
        );
        if (user !== undefined) throw new DecantError('IN_USE', `${user.id} computes by TensorFlow`);
        return { bytes: await removeTensorflow(variant) };
      }),
  };
}
