/** Gathers texts for a while, then hands the different ones over at once. */
export class Gathered {
  readonly #milliseconds: number;
  readonly #handOver: (texts: readonly string[]) => void;
  readonly #texts = new Set<string>();
  #waiting = false;

  constructor(milliseconds: number, handOver: (texts: readonly string[]) => void) {
    this.#milliseconds = milliseconds;
    this.#handOver = handOver;
  }

  add(text: string): void {
    this.#texts.add(text);
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(() => {
      this.#waiting = false;
      const texts = [...this.#texts];
      this.#texts.clear();
      this.#handOver(texts);
    }, this.#milliseconds);
  }
}
