import type { HostClient } from '../../shared/contract.ts';
import type { Telemetry } from '../../shared/device.ts';
import { withLook } from './history.ts';

const every = 2000;

/**
 * Looks at the machine every two seconds for as long as somebody can see it, and forgets it after two minutes. End it with `close`:
 * the host looks only when it is asked.
 */
export class TelemetryWatch {
  history: readonly Telemetry[] = $state.raw([]);
  readonly #client: HostClient;
  readonly #interval: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(client: HostClient, interval = every) {
    this.#client = client;
    this.#interval = interval;
    void this.#look();
  }

  get last(): Telemetry | undefined {
    return this.history.at(-1);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    if (!document.hidden)
      try {
        const look = await this.#client.request('device.telemetry', {});
        if (!this.#closed) this.history = withLook(this.history, look);
      } catch {
        // The host is away, and the banner says so: asked again in a moment.
      }
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#look(), this.#interval);
  }
}
