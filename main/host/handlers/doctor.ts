import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os';
import { type Handlers } from '../core.ts';
import { freeDiskBytes } from '../disk/freeDisk.ts';
import { type HostServices } from '../services.ts';

export function doctorHandlers({ library, version, probeBackends }: HostServices): Pick<Handlers, 'doctor'> {
  return {
    doctor: async () => ({
      version,
      node: process.version,
      platform: `${process.platform} ${process.arch}, ${release()}`,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      freeDiskBytes: await freeDiskBytes(library.home),
      home: library.home,
      backends: await probeBackends(),
    }),
  };
}
