import { benchmarkFigureSchema, type BenchmarkFigure, type BenchmarkRecord } from '../../shared/device.ts';
import { number, numberOrNull, only, text, textOrNull, type Connection } from './connection.ts';

/** What the store knows of a figure; whether it was measured on this machine is for the host to say. */
export type KeptFigure = Omit<BenchmarkRecord, 'here'>;

/** Keeps what a benchmark's job measured. Figures of one group of jobs are one benchmark. */
export function recordFigure(connection: Connection, job: string, figure: BenchmarkFigure): void {
  const row = only(connection.get('SELECT id, group_id, code_version FROM job WHERE id = ?', job));
  connection.run(
    `INSERT INTO benchmark_figure (benchmark, measured_at, backend, automatic, device, threads, code_version, work, size,
      batch_size, milliseconds, steps, other_cores) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    textOrNull(row, 'group_id') ?? text(row, 'id'),
    figure.at,
    figure.backend,
    Number(figure.automatic),
    figure.device,
    figure.threads,
    text(row, 'code_version'),
    figure.work,
    figure.size,
    figure.batchSize,
    figure.milliseconds,
    figure.steps,
    figure.otherCores,
  );
}

/** Newest first. */
export function listFigures(connection: Connection, limit: number): KeptFigure[] {
  return connection.all('SELECT * FROM benchmark_figure ORDER BY ordinal DESC LIMIT ?', limit).map((row) => ({
    ...benchmarkFigureSchema.parse({
      at: text(row, 'measured_at'),
      backend: text(row, 'backend'),
      automatic: number(row, 'automatic') === 1,
      device: text(row, 'device'),
      threads: number(row, 'threads'),
      work: text(row, 'work'),
      size: number(row, 'size'),
      batchSize: number(row, 'batch_size'),
      milliseconds: number(row, 'milliseconds'),
      steps: number(row, 'steps'),
      otherCores: numberOrNull(row, 'other_cores'),
    }),
    benchmark: text(row, 'benchmark'),
    codeVersion: text(row, 'code_version'),
  }));
}
