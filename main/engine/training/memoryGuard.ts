import { readFileSync } from 'node:fs';
import { mem } from 'systeminformation';
import { DecantError } from '../../../shared/errors.ts';
import { type Backend } from '../compute/program.ts';
import { type Session } from '../session.ts';
import { paddedRows } from '../tdmpc2/inference.ts';
import { labelBatch, lacksLabels } from './labelling.ts';
import { type MemoryNeed, memoryKindOf, memoryNeed, type TeacherWork, withoutTeacher } from './memory.ts';
import { type TrainingPlan } from './plan.ts';

/** WebAssembly memory of the wasm backend: 32-bit addresses. */
const wasmAddressable = 4 * 2 ** 30;

/** A reward model computes so many rows at once. */
const mostRows = 4096;

/**
 * Memory in bytes that this process can have: what is free, and what it has already. Node calls free on macOS only what nothing is kept
 * in, which is next to nothing on a machine that has been on for a while.
 */
export async function reachableMemory(platform: NodeJS.Platform = process.platform): Promise<number> {
  const free = platform === 'darwin' ? (await mem()).available : process.availableMemory();
  return free + process.memoryUsage.rss();
}

/** The most memory in bytes that this process ever had. */
export function peakMemory(): number {
  // On Linux `maxRSS` begins with that of the process that started this one: the host's would be taken for an engine's.
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : '';
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return 1024 * (kibibytes === undefined ? process.resourceUsage().maxRSS : Number(kibibytes));
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** What the need consists of: which of the settings to change. */
function partsOf({ processBytes, modelBytes, batchBytes, teacherBytes, labelBytes }: MemoryNeed): string {
  const parts: readonly [string, number][] = [
    ['the student and its optimiser', modelBytes],
    ['a batch', batchBytes],
    ['the teacher', teacherBytes],
    ['labels', labelBytes],
    ['the program itself', processBytes],
  ];
  const told = parts.filter(([, bytes]) => bytes >= 0.05e9).sort(([, left], [, right]) => right - left);
  return told.map(([name, bytes]) => `${gigabytes(bytes)} for ${name}`).join(', ');
}

/** Errors: MEMORY_INSUFFICIENT with both numbers and what the first consists of. */
export function requireMemory(need: MemoryNeed, backend: string, reachable: number): void {
  if (need.totalBytes > reachable)
    throw new DecantError(
      'MEMORY_INSUFFICIENT',
      `it needs about ${gigabytes(need.totalBytes)} (${partsOf(need)}), ${gigabytes(reachable)} are free`,
    );
  const computed = need.totalBytes - need.processBytes;
  if (backend === 'wasm' && computed > wasmAddressable)
    throw new DecantError(
      'MEMORY_INSUFFICIENT',
      `it needs about ${gigabytes(computed)} (${partsOf({ ...need, processBytes: 0 })}), backend wasm can address ${gigabytes(wasmAddressable)} on any machine`,
    );
}

/** The teacher of a run in its engine's memory. */
function teacherWork({ teacher, configuration, labelSteps }: TrainingPlan, backend: Backend): TeacherWork | undefined {
  if (teacher === undefined) return undefined;
  const stays = configuration.labels === 'onTheFly';
  const rows = Math.min(stays ? labelSteps * configuration.batchSize : labelBatch, mostRows);
  return { architecture: teacher.architecture, rows: paddedRows(rows, mostRows, backend.compiled === true), stays };
}

function needOf(plan: TrainingPlan, backend: Backend): MemoryNeed {
  const { architecture, configuration, dataset, teacher } = plan;
  const { batchSize, hyperparameters, labels } = configuration;
  const { horizon, dropout } = hyperparameters;
  return memoryNeed(
    {
      ...{ architecture, batchSize, horizon, dropout: dropout > 0, teacher: teacherWork(plan, backend) },
      labelledEntries: teacher === undefined || labels === 'onTheFly' ? 0 : dataset.episodes * dataset.episodeLength,
    },
    memoryKindOf(backend),
  );
}

/**
 * What a run needs and can have, in bytes, before anything of it is allocated. A teacher whose labels are kept counts unless all
 * that the run reads are there, which is only looked up where it decides. Errors: MEMORY_INSUFFICIENT.
 */
export async function guardMemory(
  session: Session,
  plan: TrainingPlan,
  backend: Backend,
  among?: number,
): Promise<{ need: MemoryNeed; reachable: number }> {
  const reachable = among ?? (await reachableMemory());
  let need = needOf(plan, backend);
  const decides = need.totalBytes > reachable && need.totalBytes - need.teacherBytes <= reachable;
  if (decides && plan.configuration.labels === 'cached' && !(await lacksLabels(session, plan)))
    need = withoutTeacher(need);
  requireMemory(need, backend.name, reachable);
  return { need, reachable };
}
