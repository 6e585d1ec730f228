/** Collects the checks of a conformance run and prints one line for each as it comes. */
export class Report {
  passed = 0;
  failed = 0;
  readonly #notBuilt: string[] = [];
  readonly #print: (line: string) => void;
  readonly #verbose: boolean;

  constructor(print: (line: string) => void = console.log, verbose = true) {
    this.#print = print;
    this.#verbose = verbose;
  }

  /**
   * Passes where `deviation` is at most `bound`; a deviation that is not a number fails.
   * @param reason why the bound is another than the usual one.
   */
  check(group: string, name: string, deviation: number, bound: number, reason?: string): void {
    const good = deviation <= bound;
    const figures = `deviation ${deviation.toExponential(2)} bound ${bound.toExponential(2)}`;
    this.#count(good, `${group} ${name}: ${figures}${reason === undefined ? '' : ` (${reason})`}`);
  }

  /** A check without a figure that failed, with the reason. */
  fail(name: string, why: string): void {
    this.#count(false, `${name}: ${why}`);
  }

  /** A check without a figure. */
  expect(name: string, good: boolean, why: string): void {
    this.#count(good, good ? name : `${name}: ${why}`);
  }

  /** Something that the folder asks for and that this version does not contain yet. */
  notBuilt(name: string): void {
    this.#notBuilt.push(name);
  }

  /** A line that is neither passed nor failed. */
  note(text: string): void {
    if (this.#verbose) this.#print(`note ${text}`);
  }

  get notBuiltItems(): readonly string[] {
    return this.#notBuilt;
  }

  get checked(): number {
    return this.passed + this.failed;
  }

  /** Lists what is not built and closes with the line `N passed, N failed`. */
  finish(): void {
    for (const name of this.#notBuilt) this.#print(`not built ${name}`);
    if (this.#notBuilt.length > 0) this.#print(`${this.#notBuilt.length} not built`);
    this.#print(`${this.passed} passed, ${this.failed} failed`);
  }

  #count(good: boolean, line: string): void {
    if (good) this.passed += 1;
    else this.failed += 1;
    if (!good || this.#verbose) this.#print(`${good ? 'ok  ' : 'FAIL'} ${line}`);
  }
}
