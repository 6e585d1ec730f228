import { setTimeout as delay } from 'node:timers/promises';
import { availableParallelism, cpus } from 'node:os';
import { cpu, currentLoad, mem, osInfo } from 'systeminformation';
import { type Device, type Processor, type Telemetry } from '../../../shared/device.ts';
import { instructionSetsOf } from './instructionSets.ts';
import { GpuReader } from './nvidiaSmi.ts';
import { ProcessMeter } from './processUse.ts';

/** The process of a running job. */
export interface EngineProcess {
  job: string;
  pid: number;
}

/** This machine, as the host asks about it. */
export interface Machine {
  /** What it is; looks for graphics cards anew. */
  describe(): Promise<Device>;
  /** How busy it is; whoever asks within a second of another gets the same look. */
  look(engines: readonly EngineProcess[]): Promise<Telemetry>;
}

/** Two looks closer to each other say little more than one. */
const sharedFor = 1000;
/** After so long the time since the look before says nothing about now: a short stretch is measured first. */
const forgottenAfter = 10_000;
const shortStretch = 300;

/** This machine by systeminformation and nvidia-smi. Nothing is looked at before somebody asks. */
export function openMachine(gpus: GpuReader = new GpuReader()): Machine {
  const meter = new ProcessMeter();
  let constant: Promise<Pick<Device, 'operatingSystem' | 'processor'>> | undefined;
  let last: { at: number; look: Promise<Telemetry> } | undefined;

  async function describe(): Promise<Device> {
    constant ??= describeConstant();
    const [memory, found] = await Promise.all([mem(), gpus.read({ again: true })]);
    return { ...(await constant), ...found, memoryBytes: memory.total, freeMemoryBytes: memory.available };
  }

  async function takeLook(engines: readonly EngineProcess[], fresh: boolean): Promise<Telemetry> {
    const pids = engines.map(({ pid }) => pid);
    if (fresh) {
      await Promise.all([currentLoad(), meter.read(pids)]);
      await delay(shortStretch);
    }
    const [load, memory, uses, found] = await Promise.all([currentLoad(), mem(), meter.read(pids), gpus.read()]);
    return {
      at: new Date().toISOString(),
      processorUtilisation: Number.isFinite(load.currentLoad) ? Math.min(1, Math.max(0, load.currentLoad / 100)) : null,
      memoryBytes: memory.total,
      memoryUsedBytes: memory.total - memory.available,
      engines: engines.flatMap(({ job, pid }) => {
        const use = uses.get(pid);
        return use === undefined ? [] : [{ job, processorUtilisation: use.utilisation, memoryBytes: use.memoryBytes }];
      }),
      gpus: found.gpus.map(({ index, uuid, utilisation, memoryUsedBytes, temperature, power }) => ({
        ...{ index, uuid, utilisation, memoryUsedBytes, temperature, power },
      })),
    };
  }

  return {
    describe,
    look: (engines) => {
      const now = Date.now();
      if (last !== undefined && now - last.at < sharedFor) return last.look;
      const fresh = last === undefined || now - last.at > forgottenAfter;
      const look = takeLook(engines, fresh);
      last = { at: now, look };
      look.catch(() => {
        if (last?.look === look) last = undefined;
      });
      return look;
    },
  };
}

async function describeConstant(): Promise<Pick<Device, 'operatingSystem' | 'processor'>> {
  const [system, found] = await Promise.all([osInfo(), cpu()]);
  const processor: Processor = {
    // The same name as runs are recorded with.
    name: cpus()[0]?.model.trim() ?? 'unknown processor',
    physicalCores: found.physicalCores > 0 ? found.physicalCores : null,
    threads: availableParallelism(),
    instructionSets: instructionSetsOf(found.flags, process.arch),
  };
  return { operatingSystem: `${system.distro} ${system.release}, ${process.arch}`, processor };
}
