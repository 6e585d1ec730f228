import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { toErrorReport } from '../../shared/errors.ts';
import { libraryPaths } from '../files/library.ts';
import { readBatch } from './batches.ts';
import { Dataset } from './dataset.ts';
import { type ReaderAnswer } from './prefetch.ts';
import { WindowSampler } from './sampler.ts';

/** A thread of `BatchStream`: answers each requested step with its batch, whose buffers it hands over. */
const setupSchema = z.object({
  home: z.string(),
  manifest: z.string(),
  sampler: z.object({ seed: z.int(), batchSize: z.int(), horizon: z.int(), validationEpisodes: z.int() }),
});
const requestSchema = z.object({ step: z.int().nonnegative() });

const port = parentPort;
if (port === null) throw new Error('this file is a worker thread');
const setup = setupSchema.parse(workerData);

function answer(message: ReaderAnswer, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

async function open(): Promise<(step: number) => void> {
  const dataset = await Dataset.open(libraryPaths(setup.home), setup.manifest);
  const sampler = new WindowSampler(dataset.manifest, setup.sampler);
  return (step) => {
    const batch = readBatch(dataset, sampler.windows(step), setup.sampler.horizon);
    const { obs, action, reward, task } = batch;
    answer({ type: 'batch', step, batch }, [obs.buffer, action.buffer, reward.buffer, task.buffer]);
  };
}

const opened = open();
port.on('message', (message: unknown) => {
  opened
    .then((read) => read(requestSchema.parse(message).step))
    .catch((thrown: unknown) => answer({ type: 'failed', error: toErrorReport(thrown) }));
});
