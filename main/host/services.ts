import { type BackendReport } from '../../shared/device.ts';
import { type LibraryPaths } from '../files/library.ts';
import { type JobService } from '../jobs/service.ts';
import { type Store } from '../store/store.ts';
import { type EventHub } from './core.ts';
import { type Machine } from './device/machine.ts';
import { type Grants } from './grants.ts';

/** What the handlers work with. */
export interface HostServices {
  readonly library: LibraryPaths;
  readonly version: string;
  readonly store: Store;
  readonly jobs: JobService;
  readonly grants: Grants;
  readonly events: EventHub;
  readonly machine: Machine;
  /** Asks the engine what computes here. */
  readonly probeBackends: () => Promise<BackendReport[]>;
}
