/**
 * How much memory engines take: runs a case of each line of standard input (JSON) as the host would, in a library of its own,
 * and prints the line with the peak of the process' resident memory. `node test/bench/memory.ts FOLDER < cases.jsonl`; the
 * folder keeps datasets and teachers for the next time.
 */
import { fork } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeTrainingCheckpoint } from '../../main/data/checkpoints/training.ts';
import { makeManifest, manifestSegment, writeManifest } from '../../main/data/manifest.ts';
import { columnFile, columnNames, columnShape, segmentInfoFile, segmentName } from '../../main/data/segmentInfo.ts';
import { parameterSpecifications } from '../../main/engine/tdmpc2/parameters.ts';
import { labelFile, libraryPaths, segmentFolder, type LibraryPaths } from '../../main/files/library.ts';
import { npyHeaderBytes, npyHeaderLength } from '../../main/formats/npyHeader.ts';
import { engineEntry } from '../../main/host/engine.ts';
import { writeJobFile, writeStartFile } from '../../main/jobs/folder/files.ts';
import { jobPathsIn } from '../../main/jobs/folder/layout.ts';
import { architectureOfSize, modelSizes, type ModelSize } from '../../shared/architecture.ts';
import { backendNames, runConfigurationSchema } from '../../shared/configuration.ts';
import { uniforms } from '../../shared/random.ts';
import { taskCount } from '../../shared/tasks.ts';
import { elementCount, floatTensor, type FloatTensorMap } from '../../shared/tensor.ts';

const sizeSchema = z.union(modelSizes.map((size) => z.literal(size)));
const caseSchema = z.strictObject({
  kind: z.enum(['train', 'estimate', 'label']).default('train'),
  size: sizeSchema,
  batch: z.int().positive(),
  backend: z.enum(backendNames).default('onnx'),
  threads: z.int().nonnegative().default(2),
  dropout: z.number().default(0.01),
  /** Absent: from scratch. */
  teacher: sizeSchema.optional(),
  /** known: all of the dataset is labelled already. some: rows of one task in thirty are not. */
  labels: z.enum(['known', 'some', 'cached', 'onTheFly']).default('cached'),
  distilSteps: z.enum(['first', 'all']).default('first'),
  /** Episodes of each of the 30 tasks; MT30 has 23,000. */
  episodes: z.int().positive().default(2),
  heldOut: z.int().nonnegative().default(0),
  steps: z.int().positive().default(30),
  checkpointEvery: z.int().positive().default(10),
});
type Case = z.infer<typeof caseSchema>;

const episodeLength = 501;
const anyHash = 'a'.repeat(64);

/** A file of zeros behind a header, without a block of the disk. */
function sparseArray(path: string, shape: readonly number[]): number {
  const bytes = npyHeaderLength + 4 * elementCount(shape);
  writeFileSync(path, npyHeaderBytes('float32', shape));
  truncateSync(path, bytes);
  return bytes;
}

/** A dataset of zeros, as big as wanted. */
async function makeDataset(paths: LibraryPaths, episodes: number): Promise<{ manifest: string; segments: string[] }> {
  const segments = [];
  for (let task = 0; task < taskCount; task++) {
    const facts = { task, episodes, episodeLength };
    const columns = Object.fromEntries(
      columnNames.map((column) => [
        column,
        { sha256: anyHash, bytes: npyHeaderLength + 4 * elementCount(columnShape(column, facts)) },
      ]),
    );
    const { obs, action, reward } = columns;
    if (obs === undefined || action === undefined || reward === undefined) throw new Error('a column is missing');
    const source = { source: 'import', description: 'zeros' } as const;
    const returns = new Array<number>(episodes).fill(0);
    const info = { formatVersion: 1, ...facts, columns: { obs, action, reward }, returns, source } as const;
    const name = segmentName(info);
    segments.push(manifestSegment(name, info));
    const folder = segmentFolder(paths, name);
    if (existsSync(folder)) continue;
    mkdirSync(folder, { recursive: true });
    for (const column of columnNames) sparseArray(columnFile(paths, name, column), columnShape(column, info));
    writeFileSync(segmentInfoFile(folder), JSON.stringify(info));
  }
  const { sha256 } = await writeManifest(paths, makeManifest(episodeLength, segments));
  return { manifest: sha256, segments: segments.map((segment) => segment.sha256) };
}

/** A teacher of any weights: the hash of its checkpoint. */
async function makeTeacher(paths: LibraryPaths, size: ModelSize): Promise<string> {
  const note = join(paths.home, `teacher-${size}`);
  if (existsSync(note)) return readFileSync(note, 'utf8');
  const block = uniforms(1, 0, 0x7fff, 65_536).map((value) => 0.04 * (value - 0.5));
  const architecture = architectureOfSize(size);
  const parameters: FloatTensorMap = new Map();
  for (const { name, shape } of parameterSpecifications(architecture)) {
    const values = new Float32Array(elementCount(shape));
    for (let start = 0; start < values.length; start += block.length)
      values.set(block.subarray(0, Math.min(block.length, values.length - start)), start);
    parameters.set(name, floatTensor(shape, values));
  }
  const { sha256 } = await writeTrainingCheckpoint(paths, {
    architecture,
    parameters,
    moments: new Map(),
    training: '{}',
  });
  writeFileSync(note, sha256);
  return sha256;
}

function knowLabels(paths: LibraryPaths, teacher: string, segments: readonly string[], one: Case): void {
  mkdirSync(join(paths.labels, teacher), { recursive: true });
  for (const segment of segments) sparseArray(labelFile(paths, teacher, segment), [one.episodes, episodeLength]);
  const [first] = segments;
  if (one.labels !== 'some' || first === undefined) return;
  const file = openSync(labelFile(paths, teacher, first), 'r+');
  const unknown = Buffer.from(new Float32Array(episodeLength).fill(NaN).buffer);
  for (let episode = 0; episode < one.episodes; episode++)
    writeSync(file, unknown, 0, unknown.length, npyHeaderLength + episode * unknown.length);
  closeSync(file);
}

async function measure(home: string, one: Case, number: number): Promise<Record<string, unknown>> {
  const paths = libraryPaths(home);
  mkdirSync(paths.checkpoints, { recursive: true });
  const data = await makeDataset(paths, one.episodes);
  const teacher = one.teacher === undefined ? undefined : await makeTeacher(paths, one.teacher);
  if (teacher !== undefined && (one.labels === 'known' || one.labels === 'some'))
    knowLabels(paths, teacher, data.segments, one);
  const id = `r-${`${process.pid}z${number}`.padStart(10, '0')}`;
  const folder = jobPathsIn(paths, id);
  const run = runConfigurationSchema.parse({
    method: teacher === undefined ? 'scratch' : 'distil',
    dataset: 'zeros',
    ...(teacher !== undefined && { teacher: 'teacher' }),
    student: { size: one.size },
    distillation: { terms: [{ target: 'reward', coefficient: 0.4, steps: one.distilSteps }] },
    labels: one.labels === 'onTheFly' ? 'onTheFly' : 'cached',
    batchSize: one.batch,
    steps: one.steps,
    backend: one.backend,
    threads: one.threads,
    validationEpisodes: one.heldOut,
    checkpointEvery: one.checkpointEvery,
    hyperparameters: { dropout: one.dropout },
  });
  await writeJobFile(folder, {
    formatVersion: 1,
    id,
    kind: one.kind,
    configuration: one.kind === 'label' ? { dataset: 'zeros', teacher: 'teacher', backend: one.backend } : run,
    createdAt: new Date().toISOString(),
    codeVersion: 'bench',
  });
  await writeStartFile(folder, {
    attempt: 1,
    datasets: { dataset: { id: 'zeros', manifest: data.manifest } },
    checkpoints:
      teacher === undefined || one.teacher === undefined
        ? {}
        : {
            teacher: { id: 'teacher', name: 'teacher', sha256: teacher, architecture: architectureOfSize(one.teacher) },
          },
    verify: [],
    runs: [],
  });
  const begun = performance.now();
  const engine = fork(engineEntry, [home, id], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  let peak = 0;
  const timer = setInterval(() => {
    // The field of the process' own memory: ru_maxrss begins with that of the process that forked it.
    try {
      peak = Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'))?.[1] ?? peak);
    } catch {
      // It has ended.
    }
  }, 10);
  const code = await new Promise((resolve) => engine.on('exit', resolve));
  clearInterval(timer);
  const spool = readFileSync(folder.spool, 'utf8').trim().split('\n');
  const memory = spool.flatMap((line) => {
    const found = /"memoryBytes":(\d+)/.exec(line)?.[1];
    return found === undefined ? [] : [Math.round(Number(found) / 1e6)];
  });
  const teachers = readdirSync(home)
    .filter((file) => file.startsWith('teacher-'))
    .map((file) => `${readFileSync(join(home, file), 'utf8')}.safetensors`);
  for (const file of readdirSync(paths.checkpoints))
    if (!teachers.includes(file)) rmSync(join(paths.checkpoints, file), { recursive: true });
  return {
    ...one,
    peakMB: Math.round((peak * 1024) / 1e6),
    first: memory[0],
    last: memory.at(-1),
    seconds: Math.round((performance.now() - begun) / 100) / 10,
    ...(code !== 0 && { code }),
    ...(!spool.at(-1)?.includes('finished') && { end: spool.at(-1) }),
  };
}

const [home = ''] = process.argv.slice(2);
const lines = readFileSync(0, 'utf8').trim().split('\n');
for (const [number, line] of lines.entries())
  console.log(JSON.stringify(await measure(home, caseSchema.parse(JSON.parse(line)), number)));
