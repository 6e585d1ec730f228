import type { Gpu, GpuReading, Telemetry } from '../../shared/device.ts';
import { absent, formatBytes, formatNumber, formatPercent } from '../format/numbers.ts';
import { percent } from './history.ts';

/** One graph of a card. */
export interface GpuGraph {
  key: string;
  title: string;
  unit: string;
  colour: `--${string}`;
  value: (reading: GpuReading) => number | null;
  /** The newest value in words. */
  reading: (reading: GpuReading) => string;
  bounds: { min: number; max: number } | undefined;
}

function withUnit(value: number | null, unit: string): string {
  return value === null ? absent : `${formatNumber(value)} ${unit}`;
}

/** The graphs of a card; where it tells its limits they are the tops. */
export function gpuGraphs(gpu: Pick<Gpu, 'memoryBytes' | 'powerLimit'>): GpuGraph[] {
  return [
    {
      key: 'utilisation',
      title: 'Utilisation',
      unit: '%',
      colour: '--run-1',
      value: ({ utilisation }) => percent(utilisation),
      reading: ({ utilisation }) => formatPercent(utilisation),
      bounds: { min: 0, max: 100 },
    },
    {
      key: 'memory',
      title: 'Memory',
      unit: 'B',
      colour: '--run-3',
      value: ({ memoryUsedBytes }) => memoryUsedBytes,
      reading: ({ memoryUsedBytes }) =>
        gpu.memoryBytes === null
          ? formatBytes(memoryUsedBytes)
          : `${formatBytes(memoryUsedBytes)} of ${formatBytes(gpu.memoryBytes)}`,
      bounds: gpu.memoryBytes === null ? undefined : { min: 0, max: gpu.memoryBytes },
    },
    {
      key: 'temperature',
      title: 'Temperature',
      unit: '°C',
      colour: '--run-2',
      value: ({ temperature }) => temperature,
      reading: ({ temperature }) => withUnit(temperature, '°C'),
      bounds: { min: 0, max: 100 },
    },
    {
      key: 'power',
      title: 'Power',
      unit: 'W',
      colour: '--run-4',
      value: ({ power }) => power,
      reading: ({ power }) => withUnit(power, 'W'),
      bounds: gpu.powerLimit === null ? undefined : { min: 0, max: gpu.powerLimit },
    },
  ];
}

/** What a look says of one card; undefined where it is not among those that answered. */
export function readingOf(telemetry: Telemetry | undefined, uuid: string): GpuReading | undefined {
  return telemetry?.gpus.find((reading) => reading.uuid === uuid);
}
