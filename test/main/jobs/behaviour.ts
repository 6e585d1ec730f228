import { join } from 'node:path';
import { z } from 'zod';

/** What the fake engine is asked to do. */
export const behaviourSchema = z.object({
  stepMilliseconds: z.number().default(0),
  /**
   * Does this once it has made this step, at its first attempt only. "waits": until it is told to stop, loses its host or is let go by
   * `letGo`; "lingers": until it is let go, whatever else happens.
   */
  atStep: z.int().default(0),
  then: z.enum(['exit', 'failed', 'kill', 'torn', 'deaf', 'waits', 'lingers']).optional(),
});
export type Behaviour = z.input<typeof behaviourSchema>;

/** Fake engines of the library that wait are let go while this file is there. */
export function goFile(home: string): string {
  return join(home, 'go');
}

/** The fake engine's loss: NaN now and then. */
export function lossAt(step: number): number {
  return step % 97 === 0 ? Number.NaN : Math.sin(step) / step;
}
