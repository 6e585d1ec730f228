import { DecantError } from '../../../shared/errors.ts';
import { type JobRequest } from '../../jobs/enqueue.ts';
import { type Handlers } from '../core.ts';
import { type HostServices } from '../services.ts';

type Names = 'device.telemetry' | 'device.benchmark' | 'device.benchmarks';

/** How busy the machine is, and how fast. */
export function deviceHandlers(services: HostServices): Pick<Handlers, Names> {
  const { store, machine } = services;
  let names: Promise<string[]> | undefined;
  // Figures are asked for again and again while a benchmark goes on.
  const deviceNames = (): Promise<string[]> => {
    names ??= machine
      .describe()
      .then(({ processor, gpus, problem }) => {
        // A driver that is in trouble now may list its cards later.
        if (problem !== null) names = undefined;
        return [processor.name, ...gpus.map(({ name }) => name)];
      })
      .catch((thrown: unknown) => {
        names = undefined;
        throw thrown;
      });
    return names;
  };
  let starting: Promise<{ group: string; jobs: string[] }> | undefined;
  return {
    'device.telemetry': async () => {
      const running = await store.supervision.jobsInState(['running', 'stopping']);
      return machine.look(
        running.flatMap(({ id, enginePid }) => (enginePid === null ? [] : [{ job: id, pid: enginePid }])),
      );
    },
    'device.benchmark': async ({ seconds }) => {
      // A card may have come since somebody asked.
      names = undefined;
      // Two who ask at once get the same benchmark.
      starting ??= startBenchmark(services, seconds).finally(() => {
        starting = undefined;
      });
      return starting;
    },
    'device.benchmarks': async ({ limit }) => {
      const [figures, devices] = await Promise.all([store.listFigures(limit), deviceNames()]);
      return figures.map((figure) => ({ ...figure, here: devices.includes(figure.device) }));
    },
  };
}

/** One job for each backend that works: an engine process keeps one backend for its life. */
async function startBenchmark(
  { store, jobs, probeBackends }: HostServices,
  seconds: number,
): Promise<{ group: string; jobs: string[] }> {
  const known = (await store.listJobs()).filter(({ kind }) => kind === 'benchmark');
  const active = known.find(({ state }) => state === 'queued' || state === 'running' || state === 'stopping');
  if (active?.group != null) {
    const group = await store.getGroup(active.group);
    return { group: group.id, jobs: group.jobs.map(({ id }) => id) };
  }
  const working = (await probeBackends()).filter(({ works }) => works);
  if (working.length === 0)
    throw new DecantError('BACKEND_UNAVAILABLE', 'none works here, so there is none to measure');
  // What the jobs of earlier benchmarks found is kept without them.
  for (const group of new Set(known.map((job) => job.group))) if (group !== null) await jobs.delete('group', group);
  const requests = working.map(({ name, automatic }): JobRequest => ({
    kind: 'benchmark',
    configuration: { backend: name, seconds: partOf(automatic, working.length) * seconds, automatic },
  }));
  return jobs.enqueueGroup('benchmark', 'Benchmark', requests);
}

/** What runs will mostly be computed by is measured longest. */
function partOf(automatic: boolean, backends: number): number {
  if (backends === 1) return 1;
  return automatic ? 0.6 : 0.4 / (backends - 1);
}
