import { expect, onTestFinished, test, vi } from 'vitest';
import type { HostEvent } from '../../../shared/contract.ts';
import { News } from '../../../main/jobs/news.ts';
import type { Ingested } from '../../../main/store/ingest.ts';
import { Store } from '../../../main/store/store.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { checkpointFacts } from '../store/facts.ts';

async function telling() {
  const store = await Store.open(temporaryFolder());
  onTestFinished(() => store.close());
  const id = store.newJobId('import');
  await store.insertJobs([{ id, job: { kind: 'import', name: 'i', configuration: {}, codeVersion: '0' } }]);
  const failures: unknown[] = [];
  const news = new News(store, (thrown) => failures.push(thrown));
  const told: string[] = [];
  news.subscribe((event: HostEvent) => told.push(event.type));
  return { store, news, told, failures, id };
}

const nothing: Ingested = {
  ...{ applied: true, offset: 1, step: null, values: {}, checkpoints: [], datasets: [], runs: [], labelled: [] },
  ...{ removedCheckpoints: [], messages: [], changed: true, ended: null },
};

test('what a batch brought is told before what came after it, however long the looking takes', async () => {
  const { store, news, told, id } = await telling();
  const { id: checkpoint } = await store.contents.addImported(id, 'one', checkpointFacts('one'));
  const found = await store.contents.getCheckpoint(checkpoint);
  vi.spyOn(store.contents, 'getCheckpoint').mockImplementationOnce(async () => {
    for (let question = 0; question < 50; question += 1) await store.getJob(id);
    return found;
  });
  const batch = news.publishIngested(id, { ...nothing, checkpoints: [checkpoint] });
  await Promise.all([batch, news.publishDeleted(['c-0']), news.publishJob(id)]);
  expect(told).toEqual(['checkpoint', 'job', 'deleted', 'job']);
});

test('a checkpoint that was deleted meanwhile takes no other news along, nor does a listener that fails', async () => {
  const { news, told, failures, id } = await telling();
  news.subscribe(() => {
    throw new Error('a listener of no use');
  });
  await news.publishIngested(id, { ...nothing, checkpoints: ['c-0000000000'], datasets: ['d-0000000000'] });
  await news.publishJob('j-0000000000');
  expect(told).toEqual(['job']);
  expect(failures).toHaveLength(1);
});
