/** Those who want to hear of something. What they throw is the teller's to handle, through `onFailure`; without it, it goes up. */
export class Listeners<Said> {
  readonly #entries = new Set<(said: Said) => void>();
  readonly #onFailure: ((thrown: unknown) => void) | undefined;

  constructor(onFailure?: (thrown: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Returns a function that ends it. The same function can listen twice. */
  add(listener: (said: Said) => void): () => void {
    const entry = (said: Said): void => {
      listener(said);
    };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Tells those who listen now; whoever joins meanwhile hears the next. */
  tell(said: Said): void {
    for (const entry of [...this.#entries]) {
      if (this.#onFailure === undefined) entry(said);
      else
        try {
          entry(said);
        } catch (thrown) {
          this.#onFailure(thrown);
        }
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}
