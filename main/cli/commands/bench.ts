import { type Command } from 'commander';
import { benchmarkSeconds } from '../../../shared/device.ts';
import { DecantError } from '../../../shared/errors.ts';
import { contextOf, withLibrary } from '../context.ts';
import { describeBenchmark } from '../describeDevice.ts';
import { followJob, requireFinished } from '../follow.ts';
import { wholeNumber } from '../values.ts';

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
        for (const [index, id] of jobs.entries()) {
          const { job } = await followJob(client, id, {
            title: `backend ${index + 1} of ${jobs.length}`,
            stopOnInterrupt: jobs.slice(index),
          });
          requireFinished(job);
        }
        const figures = (await client.request('device.benchmarks', {}))
          .filter(({ benchmark }) => benchmark === group)
          .toReversed();
        context.output.result({ benchmark: group, figures }, describeBenchmark(figures));
      });
    });
}
