import type { LibraryUsage } from '../../../shared/diskUse.ts';
import { type Handlers } from '../core.ts';
import { findFreeable } from '../disk/freeable.ts';
import { freeChosen } from '../disk/free.ts';
import { scanLibrary } from '../disk/usage.ts';
import { type HostServices } from '../services.ts';

/** The disk use of the library, and what of it can go. */
export function diskHandlers(services: HostServices): Pick<Handlers, 'library.usage' | 'library.free'> {
  let open: Promise<LibraryUsage> | undefined;
  return {
    'library.usage': async () => {
      // Whoever asks during a scan gets its answer: many windows do not make many scans.
      const scan = open ?? usage(services);
      open = scan;
      try {
        return await scan;
      } finally {
        if (open === scan) open = undefined;
      }
    },
    'library.free': async ({ what }) => {
      try {
        return await freeChosen(services, what);
      } finally {
        open = undefined;
      }
    },
  };
}

async function usage(services: HostServices): Promise<LibraryUsage> {
  const scan = await scanLibrary(services);
  const freeable = (await findFreeable(services, scan)).map((candidate) => candidate.freeable);
  const { bytes, freeDiskBytes } = scan;
  return { home: services.library.home, freeDiskBytes, bytes, freeable };
}
