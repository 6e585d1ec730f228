/** How often and for how long to repeat. */
export interface TimingOptions {
  /** When to end, on the clock of `now`; one step counts however late it is. */
  until: number;
  most: number;
  /** Called after each step: whether to go on. */
  goOn: () => Promise<boolean>;
  now?: () => number;
}

export interface Timing {
  /** The median of the counted steps. */
  milliseconds: number;
  steps: number;
}

/**
 * Times a step: once without counting, since the first one traces, compiles and allocates, then again and again until the time is
 * up. Undefined where it was told to end before any step counted.
 */
export async function timeSteps(step: () => Promise<void>, options: TimingOptions): Promise<Timing | undefined> {
  const now = options.now ?? (() => performance.now());
  await step();
  if (!(await options.goOn())) return undefined;
  const times: number[] = [];
  do {
    const before = now();
    await step();
    times.push(now() - before);
  } while ((await options.goOn()) && now() < options.until && times.length < options.most);
  return { milliseconds: median(times), steps: times.length };
}

/** The middle value, or the mean of the two middle ones; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
