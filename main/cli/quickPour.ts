import type { HostClient } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import type { JobDetail } from '../../shared/records.ts';
import type { Assessment } from '../../shared/results.ts';
import { formatBytes, formatNumber, formatTable } from './format.ts';
import { followJob, requireFinished } from './follow.ts';
import { type Output } from './output.ts';

const stages = ['collect data', 'train teacher', 'distil student', 'export', 'assess'] as const;

/** Runs the quick pour to its end and shows what was learned. Errors: those of its stages. */
export async function pourQuickly(
  client: HostClient,
  output: Output,
  seed: number | undefined,
  detached: boolean,
): Promise<void> {
  const started = Date.now();
  const { group, jobs } = await client.request('quick.start', seed === undefined ? {} : { seed });
  const run = jobs[2];
  if (run === undefined || jobs.length !== stages.length)
    throw new DecantError('INTERNAL', 'the quick pour has other stages');
  if (detached) {
    output.result(
      { id: run, kind: 'run', group, jobs },
      `The quick pour runs in the background: \`decant show ${run}\`.`,
    );
    return;
  }
  const details: JobDetail[] = [];
  for (const [index, id] of jobs.entries()) {
    const title = `[${index + 1}/${stages.length}] ${stages[index] ?? ''}`;
    const detail = await followJob(client, id, { title, stopOnInterrupt: jobs.slice(index) });
    requireFinished(detail.job);
    details.push(detail);
  }
  const [exported, assessed] = [details[3]?.result, details[4]?.result];
  if (exported?.kind !== 'export' || assessed?.kind !== 'assess')
    throw new DecantError('INTERNAL', 'a stage of the quick pour has no result');
  const seconds = Math.round((Date.now() - started) / 1000);
  const { report } = exported;
  const machine = { id: run, kind: 'run', group, jobs, seconds, export: report, assessment: assessed.assessment };
  output.result(
    machine,
    `${describeAssessment(assessed.assessment)}\n` +
      `FP16 file: ${report.path} (${formatBytes(report.bytes)}, fp32 ${formatBytes(report.fp32Bytes)})\n` +
      `Run ${run}, ${seconds} s in all.`,
  );
}

/** Reward MSE by task on episodes that training never saw, and what the student's is of two yardsticks. */
export function describeAssessment({ tasks }: Assessment): string {
  const rows = tasks.map((row) => [
    row.task,
    formatNumber(row.student),
    row.teacher === null ? '–' : formatNumber(row.teacher),
    formatNumber(row.untrained),
    formatNumber(row.constant),
    row.ratioToUntrained.toFixed(3),
    row.ratioToConstant.toFixed(3),
  ]);
  const headers = ['task', 'student', 'teacher', 'untrained', 'constant', 'student/untrained', 'student/constant'];
  return `Mean squared reward error on held-out episodes:\n${formatTable(headers, rows)}`;
}
