import { architectureOfSize } from '../../shared/architecture.ts';
import { hyperparametersSchema } from '../../shared/hyperparameters.ts';
import { defaultPlanner } from '../../main/engine/tdmpc2/planSettings.ts';
import { discountOf, mt30ActionDims } from '../../main/engine/tdmpc2/settings.ts';
import { type BenchOptions } from './options.ts';
import { type Device, type Job } from './protocol.ts';

/** Wrapped steps of an MT30 episode. */
const episodeLength = 500;

/** One process that is measured. */
export interface Side {
  key: string;
  label: string;
  program: 'decant' | 'torch';
  job: Job;
  /** Updates, plans or labelled rows that one step makes. */
  unitsPerStep: number;
}

/** Two sides whose ratio is asked for, of CPU time or of time on the clock. */
export interface Comparison {
  label: string;
  numerator: string;
  denominator: string;
  time: 'cpu' | 'wall';
}

export interface Design {
  /** What a figure is per. */
  unit: string;
  sides: Side[];
  comparisons: Comparison[];
}

/** Everything that both sides have in common. */
export function jobOf(options: BenchOptions, device: Device): Job {
  const hyperparameters = hyperparametersSchema.parse(options.dropout ? {} : { dropout: 0 });
  return {
    what: options.what,
    architecture: architectureOfSize(options.size),
    actionDims: [...mt30ActionDims],
    hyperparameters,
    planner: defaultPlanner,
    discount: discountOf(hyperparameters, episodeLength),
    distillationCoef: 0.45,
    batch: options.batch,
    environments: 1,
    threads: 1,
    seed: 1,
    backend: options.backend,
    device,
  };
}

const units = { update: 'update', plan: 'plan', label: 'row' } as const;

/**
 * The processes of a benchmark in the order of their turns, and what is compared: always Decant with PyTorch on one thread by CPU
 * time (a GPU: by the clock), rows of labels by their rate; more threads with one on each side by the clock; several environments
 * with single ones by CPU time.
 */
export function designOf(options: BenchOptions, device: Device): Design {
  const base = jobOf(options, device);
  const side = (program: Side['program'], threads: number, environments = 1): Side => {
    const name = program === 'decant' ? 'Decant' : 'PyTorch';
    const parts = [`${threads} thread${threads === 1 ? '' : 's'}`];
    if (environments > 1) parts.push(`${environments} environments together`);
    return {
      key: `${program}-${threads}-${environments}`,
      label: `${name}, ${parts.join(', ')}`,
      program,
      job: { ...base, threads, environments },
      unitsPerStep: options.what === 'label' ? options.batch : environments,
    };
  };
  const time = device === 'cuda' ? 'wall' : 'cpu';
  const unit = units[options.what];
  const ratio = (label: string, over: Side, under: Side, by: Comparison['time']): Comparison => ({
    label,
    numerator: over.key,
    denominator: under.key,
    time: by,
  });
  const gain = (one: Side, more: Side): Comparison =>
    ratio(`${one.label.split(',')[0] ?? one.label}: gain of ${threads} threads over one`, one, more, 'wall');
  const { threads, environments, alone } = options;

  const decant = side('decant', 1);
  const torch = side('torch', 1);
  const design: Design = { unit, sides: [decant], comparisons: [] };
  if (!alone) {
    design.sides.push(torch);
    design.comparisons.push(
      options.what === 'label'
        ? ratio('rows a second, Decant to PyTorch', torch, decant, time)
        : ratio(`time per ${unit}, Decant to PyTorch`, decant, torch, time),
    );
  }
  if (threads > 1) {
    const decantMore = side('decant', threads);
    design.sides.push(decantMore);
    design.comparisons.push(gain(decant, decantMore));
    if (!alone) {
      const torchMore = side('torch', threads);
      design.sides.push(torchMore);
      design.comparisons.push(
        gain(torch, torchMore),
        ratio(`time per ${unit} on ${threads} threads, Decant to PyTorch`, decantMore, torchMore, 'wall'),
      );
    }
  }
  if (environments > 1) {
    const together = side('decant', 1, environments);
    design.sides.push(together);
    design.comparisons.push(
      ratio(`time per ${unit}, ${environments} environments together to one`, together, decant, time),
    );
  }
  return design;
}
