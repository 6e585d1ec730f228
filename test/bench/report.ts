import { type MachineDescription } from './machine.ts';
import { type Measured } from './measure.ts';
import { type WorkloadName } from './protocol.ts';
import { labelOperations, planOperations, updateOperations } from './flops.ts';
import { type Comparison, type Design, type Side } from './sides.ts';
import { median, pairRatios, summarise, type Summary } from './statistics.ts';

/** What a benchmark found, as `--json` writes it. Times are milliseconds of one unit, memory bytes. */
export interface BenchReport {
  what: WorkloadName;
  unit: string;
  dropout: boolean;
  batch: number;
  size: number;
  machine: MachineDescription;
  loadBefore: number;
  /** Cores that other processes used, the median of all runs. */
  foreignCores: number;
  warning: string | undefined;
  sides: SideReport[];
  comparisons: ComparisonReport[];
}

export interface SideReport {
  key: string;
  label: string;
  program: string;
  firstSeconds: number;
  steps: number;
  cpuMs: Summary;
  wallMs: Summary;
  /** The part that draws random numbers; null where it is not told apart. */
  drawCpuMs: number | null;
  /** Which time rates are by: of the processor, or on the clock where a GPU computes. */
  time: Comparison['time'];
  /** 10^9 operations of the official program's matrix products a second of that time: a program that saves some seems faster. */
  gigaflops: number;
  memory: number | null;
  peakMemory: number | null;
  runs: Measured['runs'];
  /** Cores that other processes used during each run. */
  foreign: Measured['foreign'];
}

export interface ComparisonReport {
  label: string;
  time: Comparison['time'];
  ratios: number[];
  summary: Summary;
}

/** Operations of the matrix products of one unit of a side. */
function operationsOf({ job }: Side): number {
  if (job.what === 'update') return updateOperations(job.architecture, job.batch, job.hyperparameters.horizon);
  if (job.what === 'plan') return planOperations(job.architecture, job.planner);
  return labelOperations(job.architecture);
}

function perUnit({ side, runs }: Measured, time: 'cpuSeconds' | 'wallSeconds'): number[] {
  return runs.map((run) => (1000 * run[time]) / (run.steps * side.unitsPerStep));
}

function sideReport(measured: Measured): SideReport {
  const { side, ready, runs } = measured;
  const cpuMs = summarise(perUnit(measured, 'cpuSeconds'));
  const wallMs = summarise(perUnit(measured, 'wallSeconds'));
  const time = side.job.device === 'cuda' ? 'wall' : 'cpu';
  const draws = runs.flatMap(({ drawCpuSeconds, steps }) =>
    drawCpuSeconds === null ? [] : [(1000 * drawCpuSeconds) / (steps * side.unitsPerStep)],
  );
  const last = runs.at(-1);
  return {
    key: side.key,
    label: side.label,
    program: ready.name,
    firstSeconds: ready.firstSeconds,
    steps: last?.steps ?? 0,
    cpuMs,
    wallMs,
    drawCpuMs: draws.length === 0 ? null : median(draws),
    time,
    gigaflops: operationsOf(side) / (time === 'wall' ? wallMs : cpuMs).median / 1e6,
    memory: last?.memory ?? null,
    peakMemory: last?.peakMemory ?? null,
    runs,
    foreign: measured.foreign,
  };
}

function comparisonReport(comparison: Comparison, measured: readonly Measured[]): ComparisonReport {
  const of = (key: string) => {
    const found = measured.find(({ side }) => side.key === key);
    if (found === undefined) throw new RangeError(`nothing was measured for ${key}`);
    return perUnit(found, comparison.time === 'cpu' ? 'cpuSeconds' : 'wallSeconds');
  };
  const ratios = pairRatios(of(comparison.numerator), of(comparison.denominator));
  return { label: comparison.label, time: comparison.time, ratios, summary: summarise(ratios) };
}

/** The figures of what was measured; `context` is everything that they hold for. */
export function reportOf(
  design: Design,
  measured: readonly Measured[],
  context: Omit<BenchReport, 'unit' | 'sides' | 'comparisons'>,
): BenchReport {
  return {
    ...context,
    unit: design.unit,
    sides: measured.map(sideReport),
    comparisons: design.comparisons.map((comparison) => comparisonReport(comparison, measured)),
  };
}

function megabytes(bytes: number | null): string {
  return bytes === null ? 'unknown' : `${(bytes / 1e6).toFixed(0)} MB`;
}

function sideLines(side: SideReport, unit: string): string[] {
  const { cpuMs, wallMs, drawCpuMs } = side;
  const draws = drawCpuMs === null ? '' : `, of which random numbers ${drawCpuMs.toFixed(3)} ms`;
  const second = side.time === 'wall' ? 'second' : 'CPU second';
  const rate = 1000 / (side.time === 'wall' ? wallMs : cpuMs).median;
  const perSecond = unit === 'row' ? `, ${rate.toFixed(0)} rows a ${second}` : '';
  return [
    `${side.label} (${side.program})`,
    `  CPU ${cpuMs.median.toFixed(3)} ms per ${unit} (${cpuMs.lowest.toFixed(3)} to ${cpuMs.highest.toFixed(3)})${draws}${perSecond}`,
    `  clock ${wallMs.median.toFixed(3)} ms per ${unit} (${wallMs.lowest.toFixed(3)} to ${wallMs.highest.toFixed(3)}); ${side.gigaflops.toFixed(1)} GFLOP of the official matrix products a ${second}`,
    `  first call ${side.firstSeconds.toFixed(2)} s; resident ${side.memory === null ? '' : `${megabytes(side.memory)}, `}at most ${megabytes(side.peakMemory)}; ${side.steps} steps a turn`,
  ];
}

function comparisonLines({ label, time, ratios, summary }: ComparisonReport): string[] {
  return [
    `${label}, ${time === 'cpu' ? 'CPU time' : 'by the clock'}: median ${summary.median.toFixed(3)}, spread ${(100 * summary.spread).toFixed(1)} %`,
    `  turn by turn: ${ratios.map((ratio) => ratio.toFixed(3)).join(' ')}`,
  ];
}

/** The report for people. */
export function reportLines(report: BenchReport): string[] {
  const { machine } = report;
  const lines = [
    [
      report.what,
      `${report.size}M`,
      ...(report.what === 'plan' ? [] : [`batch ${report.batch}`]),
      ...(report.what === 'label' ? [] : [`dropout ${report.dropout ? 'on' : 'off'}`]),
    ].join(', '),
    `${machine.processor}, ${machine.cores} cores, ${machine.instructions.join(' ')}, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ${machine.system}, Node ${machine.node}`,
    `load of the last minute ${report.loadBefore.toFixed(2)}; other processes used ${report.foreignCores.toFixed(2)} cores during the runs`,
    ...report.sides.flatMap((side) => sideLines(side, report.unit)),
    ...report.comparisons.flatMap(comparisonLines),
  ];
  return report.warning === undefined ? lines : [...lines, `warning: ${report.warning}`];
}
