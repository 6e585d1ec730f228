import { release } from 'node:os';
import { toErrorReport } from '../../../shared/errors.ts';
import { type BackendReport } from '../../../shared/device.ts';
import { type Handlers } from '../core.ts';
import { freeDiskBytes } from '../disk/freeDisk.ts';
import { type HostServices } from '../services.ts';

interface Tried {
  backends: BackendReport[];
  backendsProblem: string | null;
}

/** What works here: everything that `decant doctor` prints. */
export function doctorHandlers({
  library,
  version,
  machine,
  probeBackends,
}: HostServices): Pick<Handlers, 'doctor' | 'device.describe' | 'device.backends'> {
  return {
    doctor: async () => {
      const tried = probeBackends().then(
        (backends): Tried => ({ backends, backendsProblem: null }),
        (thrown: unknown): Tried => ({ backends: [], backendsProblem: toErrorReport(thrown).detail }),
      );
      const device = await machine.describe();
      return {
        version,
        node: process.version,
        platform: `${process.platform} ${process.arch}, ${release()}`,
        device,
        freeDiskBytes: await freeDiskBytes(library.home),
        home: library.home,
        ...(await tried),
      };
    },
    'device.describe': () => machine.describe(),
    'device.backends': () => probeBackends(),
  };
}
