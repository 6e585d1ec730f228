import { z } from 'zod';

/** What the fake engine is asked to do. */
export const behaviourSchema = z.object({
  stepMilliseconds: z.number().default(0),
  /** Ends in this way once it has made this step, at its first attempt only. */
  atStep: z.int().default(0),
  then: z.enum(['exit', 'failed', 'kill', 'torn', 'deaf']).optional(),
});
export type Behaviour = z.input<typeof behaviourSchema>;

/** The fake engine's loss: NaN now and then. */
export function lossAt(step: number): number {
  return step % 97 === 0 ? Number.NaN : Math.sin(step) / step;
}
