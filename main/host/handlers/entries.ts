import { type Handlers } from '../core.ts';
import { type HostServices } from '../services.ts';

type Names = 'datasets.list' | 'checkpoints.list' | 'checkpoints.pin' | 'metrics.read' | 'metrics.pairs';

export function entryHandlers({ store, events }: HostServices): Pick<Handlers, Names> {
  return {
    'datasets.list': () => store.contents.listDatasets(),
    'checkpoints.list': () => store.contents.listCheckpoints(),
    'checkpoints.pin': async ({ id, pinned }) => {
      const found = await store.resolve(['checkpoint'], id);
      events.publish({ type: 'checkpoint', checkpoint: await store.contents.pinCheckpoint(found.id, pinned) });
      return {};
    },
    'metrics.read': async ({ id, metrics, fromStep, toStep, maxPoints }) => {
      const job = await store.resolve(['job'], id);
      return store.readCharts(job.id, { metrics, from: fromStep, to: toStep, maximumPoints: maxPoints });
    },
    'metrics.pairs': async ({ id, limit }) => {
      const job = await store.resolve(['job'], id);
      return store.readPairs(job.id, limit);
    },
  };
}
