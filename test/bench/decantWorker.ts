/**
 * Decant's side of a benchmark, in a process of its own: reads a job, then orders, one JSON document a line; answers each with one
 * line. Ends with its input.
 */
import { createInterface } from 'node:readline';
import { DecantError } from '../../shared/errors.ts';
import { startChosenBackend } from './decantBackend.ts';
import { type Step, type Timed, workloadOf } from './decantWorkloads.ts';
import { type Answer, jobSchema, orderSchema } from './protocol.ts';

/** Seconds of all threads of this process. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function answer(message: Answer): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function measure(step: Step, first: number, steps: number): Promise<Answer> {
  let drawCpuSeconds = 0;
  const timed: Timed = (action) => {
    const begin = cpuSeconds();
    const result = action();
    drawCpuSeconds += cpuSeconds() - begin;
    return result;
  };
  const cpu = cpuSeconds();
  const wall = performance.now();
  for (let index = first; index < first + steps; index++) await step(index, timed);
  return {
    run: {
      steps,
      cpuSeconds: cpuSeconds() - cpu,
      wallSeconds: (performance.now() - wall) / 1000,
      drawCpuSeconds,
      memory: process.memoryUsage.rss(),
      peakMemory: process.resourceUsage().maxRSS * 1024,
    },
  };
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function* read(): AsyncGenerator {
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) yield JSON.parse(line.value);
}

async function serve(): Promise<void> {
  const messages = read();
  const job = jobSchema.parse((await messages.next()).value);
  const backend = await startChosenBackend(job.backend, job.threads);
  const start = workloadOf(job, backend);
  const begin = performance.now();
  const step = start();
  await step(0, (action) => action());
  answer({ ready: { name: `Decant, ${backend.name}`, firstSeconds: (performance.now() - begin) / 1000 } });
  let done = 1;
  for await (const message of messages) {
    const { steps } = orderSchema.parse(message);
    answer(await measure(step, done, steps));
    done += steps;
  }
}

try {
  await serve();
} catch (error) {
  if (!(error instanceof DecantError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  // Its input is still open, which would keep it waiting.
  process.exit(1);
}
