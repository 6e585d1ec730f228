import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Gpu, type Gpus } from '../../../shared/device.ts';

const fields = [
  'index',
  'uuid',
  'name',
  'driver_version',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
  'power.limit',
] as const;

const query = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
/** A driver in trouble can keep it waiting for minutes. */
const patience = 5000;
/** Without the program there is no card, and a stuck one keeps everybody waiting: neither is asked again at once. */
const quietFor = 60_000;

const mebibyte = 2 ** 20;

/** "[N/A]", "[Not Supported]", "[Unknown Error]": the card has no such reading. */
const absent = /^(\[.*\]|N\/A|ERR!|)$/;

const reading = z.string().transform((text, context) => {
  if (absent.test(text)) return null;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  context.addIssue('neither a number nor an absent reading');
  return z.NEVER;
});
const word = z.string().transform((text) => (absent.test(text) ? null : text));

const rowSchema = z.object({
  index: z.string().regex(/^\d+$/).transform(Number),
  uuid: z.string().startsWith('GPU-'),
  name: z.string().min(1),
  driver: word,
  memoryTotal: reading,
  memoryUsed: reading,
  utilisation: reading,
  temperature: reading,
  power: reading,
  powerLimit: reading,
});

function times(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}

function parseRow(line: string): Gpu | undefined {
  const cells = line.split(',').map((cell) => cell.trim());
  if (cells.length < fields.length) return undefined;
  const [index, uuid] = cells;
  const [driver, memoryTotal, memoryUsed, utilisation, temperature, power, powerLimit] = cells.slice(-7);
  // The one field that could hold a comma.
  const name = cells.slice(2, -7).join(', ');
  const row = rowSchema.safeParse({
    ...{ index, uuid, name, driver, memoryTotal, memoryUsed, utilisation, temperature, power, powerLimit },
  });
  if (!row.success) return undefined;
  const { data } = row;
  return {
    index: data.index,
    uuid: data.uuid,
    name: data.name,
    driver: data.driver,
    utilisation: data.utilisation === null ? null : Math.min(1, Math.max(0, data.utilisation / 100)),
    memoryBytes: times(data.memoryTotal, mebibyte),
    memoryUsedBytes: times(data.memoryUsed, mebibyte),
    temperature: data.temperature,
    power: data.power,
    powerLimit: data.powerLimit,
  };
}

/** What nvidia-smi printed for the query above. A line that is not understood is said, and does not hide the other cards. */
export function parseGpus(printed: string): Gpus {
  const gpus: Gpu[] = [];
  let problem: string | null = null;
  for (const line of printed.split('\n').map((text) => text.trim())) {
    if (line === '') continue;
    const gpu = parseRow(line);
    if (gpu === undefined) problem ??= `nvidia-smi says: ${line.slice(0, 300)}`;
    else gpus.push(gpu);
  }
  return { gpus, problem };
}

const failureSchema = z.object({
  code: z.union([z.string(), z.number()]).nullish(),
  killed: z.boolean().optional(),
  stdout: z.string().default(''),
  stderr: z.string().default(''),
});

function failureOf(thrown: unknown): z.infer<typeof failureSchema> {
  return failureSchema.catch({ stdout: '', stderr: '' }).parse(thrown);
}

/** Why nvidia-smi gave no list; no problem where there is no such program. */
export function explainFailure(thrown: unknown): Gpus {
  const { code, killed, stdout, stderr } = failureOf(thrown);
  if (code === 'ENOENT') return { gpus: [], problem: null };
  if (killed === true)
    return { gpus: [], problem: `nvidia-smi did not answer within ${patience / 1000} s: the driver may be stuck` };
  const said = `${stdout}\n${stderr}`.split('\n').find((line) => line.trim() !== '');
  const why = said?.trim().slice(0, 300) ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return { gpus: [], problem: `nvidia-smi says: ${why}` };
}

export type RunProgram = (program: string, args: readonly string[]) => Promise<string>;

async function runProgram(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: patience, windowsHide: true });
  return stdout;
}

/** Asks nvidia-smi; where there is none, or where it does not answer, it is left alone for a minute. */
export class GpuReader {
  readonly #run: RunProgram;
  readonly #now: () => number;
  #quiet: { since: number; found: Gpus } | undefined;

  constructor(run: RunProgram = runProgram, now: () => number = Date.now) {
    this.#run = run;
    this.#now = now;
  }

  /** With `again` also a program that is left alone is asked. */
  async read({ again = false } = {}): Promise<Gpus> {
    if (!again && this.#quiet !== undefined && this.#now() - this.#quiet.since < quietFor) return this.#quiet.found;
    this.#quiet = undefined;
    try {
      return parseGpus(await this.#run('nvidia-smi', query));
    } catch (thrown) {
      const found = explainFailure(thrown);
      const { code, killed } = failureOf(thrown);
      if (code === 'ENOENT' || killed === true) this.#quiet = { since: this.#now(), found };
      return found;
    }
  }
}
