/** A terminal sends Ctrl-C to the launcher and to us, and the launcher passes it on, on a busy machine a while later: that is one. */
export const sameSignalMilliseconds = 1000;

/** The status of a command that left at once. */
export const leftAtOnce = 130;

/**
 * Resolves when the process is told to end, from this call on. Told so once more, it ends at once; what it kept running then notices that
 * it is gone and saves by itself.
 */
export function toldToEnd(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (): void => {
      first ??= Date.now();
      resolve();
      if (Date.now() - first > sameSignalMilliseconds) process.exit(leftAtOnce);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}
