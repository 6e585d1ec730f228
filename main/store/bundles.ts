import { bundledRunSchema, type BundledRun } from '../../shared/bundle.ts';
import { decode, encode } from '../../shared/codec.ts';
import { DecantError } from '../../shared/errors.ts';
import { checkpointFactsSchema } from '../../shared/facts.ts';
import { addOutput } from './checkpoints.ts';
import { number, numberOrNull, text, textOrNull, type Connection } from './connection.ts';
import { newId } from './ids.ts';
import { addMessage, getJob, getJobRow, insertJob, jobInputs, updateJob, type JobInput } from './jobs.ts';
import { resolve } from './references.ts';

export interface RunToBundle {
  run: BundledRun;
  /** Bytes of its spool that were taken over. */
  spoolBytes: number;
  /** Its checkpoints, as what the bundling job reads. */
  reads: JobInput[];
}

/** Everything of a run that a bundle says beside its spool. Errors: NOT_FOUND, ID_AMBIGUOUS, IN_USE while it is queued or running. */
export function bundleRun(connection: Connection, reference: string): RunToBundle {
  const { id } = resolve(connection, ['job'], reference);
  const job = getJob(connection, id);
  const row = getJobRow(connection, id);
  if (job.kind !== 'train') throw new DecantError('NOT_FOUND', `${id} is no run: it is a job of kind ${job.kind}`);
  if (job.state === 'queued' || job.state === 'running' || job.state === 'stopping')
    throw new DecantError('IN_USE', `${id} (${job.name}) is ${job.state}: a bundle is made of a run that has ended`);
  const checkpoints = connection.all(
    `SELECT * FROM checkpoint WHERE job = ? AND kind = 'run' AND damaged = 0 ORDER BY step, ordinal`,
    id,
  );
  const notes = connection.get('SELECT notes FROM job WHERE id = ?', id);
  const run: BundledRun = bundledRunSchema.parse({
    ...job,
    notes: notes === undefined ? '' : text(notes, 'notes'),
    configuration: row.configuration,
    codeVersion: row.codeVersion,
    step: job.step ?? 0,
    checkpoints: checkpoints.map((checkpoint) => ({
      name: text(checkpoint, 'name'),
      step: number(checkpoint, 'step'),
      createdAt: text(checkpoint, 'created_at'),
      pinned: number(checkpoint, 'pinned') === 1,
      score: numberOrNull(checkpoint, 'score'),
      scoreMetric: textOrNull(checkpoint, 'score_metric'),
      facts: checkpointFactsSchema.parse(decode(text(checkpoint, 'facts'))),
    })),
    inputs: jobInputs(connection, id).map((input) => ({ ...input, name: nameOfInput(connection, input) })),
  });
  const reads = checkpoints.map((checkpoint): JobInput => ({
    key: `checkpoint ${text(checkpoint, 'id')}`,
    entity: 'checkpoint',
    id: text(checkpoint, 'id'),
    content: text(checkpoint, 'sha256'),
  }));
  return { run, spoolBytes: row.spoolOffset, reads };
}

/** An input that was deleted since is known by its id only. */
function nameOfInput(connection: Connection, { entity, id }: JobInput): string {
  const table = entity === 'dataset' ? 'dataset' : 'checkpoint';
  const row = connection.get(`SELECT name FROM ${table} WHERE id = ?`, id);
  return row === undefined ? id : text(row, 'name');
}

/** Ids of all training runs. */
export function runIds(connection: Connection): string[] {
  return connection.all(`SELECT id FROM job WHERE kind = 'train'`).map((row) => text(row, 'id'));
}

/**
 * Rows of a run that came as a bundle. It is marked as running, without an engine, until its spool is taken over. Inputs that this
 * library has by content are referred to by their ids here. Returns the ids of its checkpoints; undefined when the run is there already.
 */
export function addRun(connection: Connection, run: BundledRun): string[] | undefined {
  if (connection.get('SELECT 1 FROM job WHERE id = ?', run.id) !== undefined) return undefined;
  const found = run.inputs.map((input) => ({ ...input, here: sameContent(connection, input) }));
  const idOf = (key: string): string | undefined => found.find((input) => input.key === key)?.here;
  const { configuration } = run;
  const { dataset, teacher, student } = configuration;
  insertJob(
    connection,
    {
      kind: 'train',
      name: run.name,
      codeVersion: run.codeVersion,
      steps: configuration.steps,
      seed: configuration.seed,
      configuration: {
        ...configuration,
        dataset: idOf('dataset') ?? dataset,
        ...(teacher !== undefined && { teacher: idOf('teacher') ?? teacher }),
        student: { ...student, init: idOf('init') ?? student.init },
      },
      inputs: found.map(({ key, entity, id, content, here }) => ({ key, entity, id: here ?? id, content })),
    },
    run.id,
  );
  connection.run(
    `UPDATE job SET state = 'running', attempt = ?, created_at = ?, started_at = ?, ended_at = ? WHERE id = ?`,
    run.attempt,
    run.createdAt,
    run.startedAt,
    run.endedAt,
    run.id,
  );
  updateJob(connection, run.id, { notes: run.notes, tags: run.tags });
  // One that was deleted here and comes back: its folder is new.
  connection.run(`DELETE FROM garbage WHERE entity = 'job' AND content = ?`, run.id);
  const missing = found.filter(({ here }) => here === undefined);
  for (const { key, entity, name, content } of missing)
    addMessage(
      connection,
      run.id,
      'info',
      `The ${entity} "${name}" (${key}, ${content.slice(0, 12)}…) is not in this library: the run can be resumed once it is imported.`,
    );
  return run.checkpoints.map((checkpoint) => addCheckpointOf(connection, run.id, checkpoint));
}

/** Its spool is taken over: sets what the spool did not say. */
export function finishRun(connection: Connection, { id, step, error, endedAt }: BundledRun): void {
  connection.run('UPDATE job SET step = max(step, ?) WHERE id = ?', step, id);
  connection.run(
    `UPDATE job SET state = 'interrupted', ended_at = ?, error_code = ?, error_detail = ?
      WHERE id = ? AND state IN ('running', 'stopping')`,
    endedAt,
    error?.code ?? null,
    error?.detail ?? null,
    id,
  );
}

function sameContent(connection: Connection, { entity, content }: BundledRun['inputs'][number]): string | undefined {
  const row =
    entity === 'checkpoint'
      ? connection.get('SELECT id FROM checkpoint WHERE sha256 = ? AND damaged = 0 ORDER BY ordinal LIMIT 1', content)
      : connection.get(
          `SELECT id FROM dataset JOIN dataset_version ON dataset = id
            WHERE manifest = ? AND deleted_at IS NULL ORDER BY ordinal LIMIT 1`,
          content,
        );
  return row === undefined ? undefined : text(row, 'id');
}

function addCheckpointOf(connection: Connection, run: string, checkpoint: BundledRun['checkpoints'][number]): string {
  const id = newId('c');
  const { name, facts, step, createdAt, pinned, score, scoreMetric } = checkpoint;
  connection.run(
    `INSERT INTO checkpoint (id, name, kind, sha256, facts, job, step, created_at, pinned, score, score_metric)
      VALUES (?, ?, 'run', ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    name,
    facts.sha256,
    encode(facts),
    run,
    step,
    createdAt,
    pinned ? 1 : 0,
    score,
    scoreMetric,
  );
  addOutput(connection, run, 'checkpoint', id, false);
  connection.run(`DELETE FROM garbage WHERE entity = 'checkpoint' AND content = ?`, facts.sha256);
  return id;
}
