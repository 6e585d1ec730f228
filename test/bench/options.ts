import { Command } from 'commander';
import { z } from 'zod';
import { modelSizes, type ModelSize } from '../../shared/architecture.ts';
import { type BackendChoice, backendChoices, devices, type WorkloadName, workloads } from './protocol.ts';

/** What a benchmark is asked for. */
export interface BenchOptions {
  what: WorkloadName;
  dropout: boolean;
  backend: BackendChoice;
  threads: number;
  batch: number;
  environments: number;
  size: ModelSize;
  pairs: number;
  /** Of one measurement. */
  seconds: number;
  device: 'auto' | (typeof devices)[number];
  /** Without PyTorch. */
  alone: boolean;
  json: string | undefined;
}

export type Request =
  | { command: 'bench'; options: BenchOptions }
  | { command: 'check'; folders: string[] }
  | { command: 'expect'; batch: number; size: ModelSize };

const count = z.coerce.number().pipe(z.int().positive());
const sizeSchema = z.coerce.number().pipe(z.union(modelSizes.map((size) => z.literal(size))));
const optionsSchema = z.strictObject({
  dropout: z.enum(['on', 'off']).transform((value) => value === 'on'),
  backend: z.enum(backendChoices),
  threads: count,
  batch: count,
  environments: count.default(1),
  size: sizeSchema,
  pairs: count,
  seconds: z.coerce.number().positive(),
  device: z.enum(['auto', ...devices]),
  alone: z.boolean().default(false),
  json: z.string().optional(),
});

const descriptions: Record<WorkloadName, string> = {
  update: 'one update of TD-MPC2 with distillation, labels cached',
  plan: 'one MPPI plan',
  label: 'teacher rewards of a batch (encoder and reward head)',
};

/** Said of a command line that cannot be understood, or for --help: what to print. */
export class UsageError extends Error {}

function parsed<Output>(schema: z.ZodType<Output>, values: unknown): Output {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  throw new UsageError(result.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'));
}

function benchCommand(what: WorkloadName, receive: (request: Request) => void): Command {
  const command = new Command(what)
    .description(descriptions[what])
    .option('--backend <name>', `of Decant: ${backendChoices.join(', ')}`, 'auto')
    .option('--threads <n>', 'with more than one, also what that many gain over one, on both sides', '1')
    .option('--size <millions>', `of the model: ${modelSizes.join(', ')}`, what === 'label' ? '317' : '1')
    .option('--pairs <n>', 'measurements of each side, taken in turns', '7')
    .option('--seconds <s>', 'length of one measurement', '2')
    .option('--device <name>', 'of PyTorch: auto, cpu, cuda; auto is a GPU where Decant uses one', 'auto')
    .option('--alone', 'without PyTorch')
    .option('--json <file>', 'write every measurement to a file');
  if (what !== 'plan') command.option('--batch <n>', 'rows of a batch', '256');
  if (what !== 'label') command.option('--dropout <on|off>', 'Q dropout of 0.01', 'off');
  if (what === 'plan')
    command.option('--environments <n>', 'also that many planned together, against single plans', '1');
  return command.action((values: Record<string, unknown>) => {
    const options = parsed(optionsSchema, { dropout: 'off', batch: '1', ...values });
    receive({ command: 'bench', options: { ...options, json: options.json, what } });
  });
}

/**
 * The request that command-line arguments make, without the program's name.
 * Errors: UsageError with the text to print, also for --help.
 */
export function readRequest(args: readonly string[]): Request {
  const requests: Request[] = [];
  let printed = '';
  const print = (text: string) => (printed += text);
  const program = new Command('npm run bench --').description(
    'Decant against PyTorch, each in its own process, in turns.',
  );
  const receive = (request: Request): void => {
    requests.push(request);
  };
  for (const what of workloads) program.addCommand(benchCommand(what, receive));
  program
    .command('check')
    .description('compares the PyTorch side with recorded numbers of the official code')
    .argument('<folder...>', 'folders of fixtures, or one that holds such folders')
    .action((folders: string[]) => receive({ command: 'check', folders }));
  program
    .command('expect')
    .description('the milliseconds that an update should take on a GPU, from its operations, bytes and launches')
    .option('--batch <n>', 'rows of a batch', '256')
    .option('--size <millions>', `of the model: ${modelSizes.join(', ')}`, '1')
    .action((values: Record<string, unknown>) => {
      receive({ command: 'expect', ...parsed(z.strictObject({ batch: count, size: sizeSchema }), values) });
    });
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeOut: print, writeErr: print });
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(printed.trim(), { cause: error });
  }
  const [request] = requests;
  if (request === undefined) throw new UsageError(program.helpInformation().trim());
  return request;
}
