import {
  disturbance,
  type BackendReport,
  type BenchmarkRecord,
  type DoctorReport,
  type Gpu,
} from '../../shared/device.ts';
import { formatBytes, formatNumber, formatTable } from './format.ts';

/** Everything that `decant doctor` says. */
export function describeDoctor(report: DoctorReport): string {
  const { device, backends } = report;
  const { processor } = device;
  const cores = processor.physicalCores === null ? '' : `${processor.physicalCores} cores, `;
  const sets = processor.instructionSets.join(', ');
  const none = device.problem === null ? ['  none: nvidia-smi is not here'] : [];
  return [
    `Decant ${report.version}, Node ${report.node}, ${report.platform}`,
    `system     ${device.operatingSystem}`,
    `processor  ${processor.name}, ${cores}${processor.threads} threads`,
    `           ${sets === '' ? 'instruction sets are not known' : sets}`,
    `memory     ${formatBytes(device.freeMemoryBytes)} free of ${formatBytes(device.memoryBytes)}`,
    `library    ${report.home}, ${formatBytes(report.freeDiskBytes)} free on its disk`,
    'graphics cards',
    ...(device.gpus.length === 0 ? none : device.gpus.flatMap(describeGpu)),
    ...(device.problem === null ? [] : [`  ${device.problem}`]),
    'backends',
    ...backends.flatMap(describeBackend),
    ...(report.backendsProblem === null ? [] : [`  ${report.backendsProblem}`]),
  ].join('\n');
}

function describeGpu(gpu: Gpu): string[] {
  const power = gpu.powerLimit === null ? '' : ` of ${formatNumber(gpu.powerLimit)} W`;
  const readings = [
    gpu.utilisation === null ? undefined : `${Math.round(gpu.utilisation * 100)} % busy`,
    gpu.memoryUsedBytes === null ? undefined : `${formatBytes(gpu.memoryUsedBytes)} used`,
    gpu.temperature === null ? undefined : `${gpu.temperature} °C`,
    gpu.power === null ? undefined : `${formatNumber(gpu.power)} W${power}`,
  ].filter((text) => text !== undefined);
  const memory = gpu.memoryBytes === null ? '' : `, ${formatBytes(gpu.memoryBytes)}`;
  const driver = gpu.driver === null ? '' : `, driver ${gpu.driver}`;
  return [
    `  ${gpu.index}: ${gpu.name}${memory}${driver}`,
    ...(readings.length === 0 ? [] : [`     ${readings.join(', ')}`]),
  ];
}

function describeBackend({ name, label, works, automatic, reason, action }: BackendReport): string[] {
  const line = `  ${works ? 'works ' : 'absent'}  ${name}${automatic ? ', what auto means' : ''} (${label}): ${reason.split('\n')[0] ?? ''}`;
  return action === null ? [line] : [line, `          ${action}`];
}

/** "update 1M, batch 256". */
export function describeWork({ work, size, batchSize }: Pick<BenchmarkRecord, 'work' | 'size' | 'batchSize'>): string {
  const batch = work === 'plan' ? '' : work === 'label' ? `, ${batchSize} rows` : `, batch ${batchSize}`;
  return `${work} ${size}M${batch}`;
}

/** The figures of a benchmark as a table, with a word where the machine had other things to do. */
export function describeBenchmark(figures: readonly BenchmarkRecord[]): string {
  const rows = figures.map((figure) => [
    figure.automatic ? `${figure.backend} (auto)` : figure.backend,
    describeWork(figure),
    formatNumber(figure.milliseconds),
    String(figure.steps),
    String(figure.threads),
  ]);
  const table = formatTable(['backend', 'work', 'ms a step', 'steps timed', 'threads'], rows);
  const others = figures.map((figure) => disturbance(figure) ?? 0).reduce((most, cores) => Math.max(most, cores), 0);
  return others === 0
    ? table
    : `${table}Other programs kept up to ${others.toFixed(1)} cores busy meanwhile: measure again when the machine is idle.`;
}
