import { type Command } from 'commander';
import { benchmarkSeconds } from '../../../shared/device.ts';
import { type JobRecord } from '../../../shared/records.ts';
import { DecantError } from '../../../shared/errors.ts';
import { contextOf, withLibrary } from '../context.ts';
import { describeBenchmark } from '../describeDevice.ts';
import { followJob, requireFinished } from '../follow.ts';
import { wholeNumber } from '../values.ts';

/** `decant bench`: measures every backend that works, and says what was measured also where one of them fails. */
export function addBenchCommand(program: Command): void {
  program
    .command('bench')
    .option('--seconds <n>', 'how long all backends together may take', wholeNumber, benchmarkSeconds)
    .description('measure how fast each backend is here; estimates of runs go by it')
    .action(async ({ seconds }: { seconds: number }, command: Command) => {
      if (seconds < 1 || seconds > 600) throw new DecantError('USAGE', `--seconds ${seconds}: from 1 to 600`);
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        const { group, jobs } = await client.request('device.benchmark', { seconds });
        const ends: JobRecord[] = [];
        for (const [index, id] of jobs.entries()) {
          const title = `backend ${index + 1} of ${jobs.length}`;
          const { job } = await followJob(client, id, { title, stopOnInterrupt: jobs.slice(index) });
          // What a native library can do to its process says nothing about the other backends.
          if (job.error !== null) context.output.note(`${job.name}: ${job.error.detail}`);
          ends.push(job);
        }
        const figures = (await client.request('device.benchmarks', {}))
          .filter(({ benchmark }) => benchmark === group)
          .toReversed();
        if (figures.length === 0 || ends.some(({ state }) => state === 'stopped')) ends.forEach(requireFinished);
        context.output.result({ benchmark: group, figures }, describeBenchmark(figures));
      });
    });
}
