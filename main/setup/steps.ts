import { DecantError } from '../../shared/errors.ts';
import { type Stamps } from './stamps.ts';

/** What a set-up tells while it works. */
export interface SetupListener {
  progress(stage: string, done: number, total: number, unit: string): Promise<void> | void;
  message(text: string): Promise<void> | void;
}

/** One step: done once for its key, whatever interrupts the set-up. A step that was cut short begins anew, over what it left. */
export interface Step {
  readonly id: string;
  /** What the step makes, such as versions. */
  readonly key: string;
  readonly title: string;
  run(report: (done: number, total: number, unit: string) => Promise<void>): Promise<void>;
  /** Removes what an attempt that was cut short left and the step cannot use. */
  clear?(): Promise<void>;
  /** Removes what only this step needed. After the stamp, and again in later attempts: a kill in between must lose nothing that is not stamped. */
  cleanUp?(): Promise<void>;
}

/** What an earlier step made is not there as it was stamped: that step has to be done again. */
export class StepLost extends DecantError {
  readonly step: string;

  constructor(step: string, detail: string) {
    super('SETUP_DOWNLOAD_FAILED', detail);
    this.step = step;
  }
}

/** Runs what is not stamped yet, in order, each stamped as soon as it is done. Throws the signal's reason once it is aborted. */
export async function runSteps(
  steps: readonly Step[],
  stamps: Stamps,
  listener: SetupListener,
  signal: AbortSignal,
): Promise<void> {
  const skipped = steps.filter(({ id, key }) => stamps.has(id, key));
  if (skipped.length > 0 && skipped.length < steps.length)
    await listener.message(`Done by an earlier attempt: ${skipped.map(({ title }) => title).join(', ')}.`);
  for (const step of steps) {
    if (!stamps.has(step.id, step.key)) {
      signal.throwIfAborted();
      await listener.progress(step.title, 0, 1, 'steps');
      try {
        await step.run(async (done, total, unit) => {
          await listener.progress(step.title, done, total, unit);
        });
      } catch (thrown) {
        if (thrown instanceof StepLost) await stamps.remove(thrown.step);
        throw thrown;
      }
      signal.throwIfAborted();
      await stamps.add(step.id, step.key);
    }
    await step.cleanUp?.();
  }
}
