import { client } from './host.ts';

/** The datasets that jobs of a chain made: a run of the chain names only the job. */
class Outputs {
  #datasets: Readonly<Record<string, string>> = $state.raw({});
  #asked: readonly string[] = [];

  /** Finds out what the jobs made that references of the form `job:<id>` name. */
  async look(references: readonly string[]): Promise<void> {
    const jobs = references.filter((reference) => reference.startsWith('job:') && !this.#asked.includes(reference));
    const fresh = jobs.filter((reference, place) => jobs.indexOf(reference) === place);
    if (fresh.length === 0) return;
    this.#asked = [...this.#asked, ...fresh];
    for (const reference of fresh) {
      const detail = await client.request('jobs.get', { id: reference.slice('job:'.length) }).catch(() => undefined);
      const made = detail?.datasets[0];
      if (made !== undefined) this.#datasets = { ...this.#datasets, [reference]: made.id };
      // One that has made nothing yet, or could not be asked for, is asked again.
      else this.#asked = this.#asked.filter((asked) => asked !== reference);
    }
  }

  /** The id that a reference to a dataset stands for, once it is known. */
  dataset(reference: string): string {
    return this.#datasets[reference] ?? reference;
  }
}

export const outputs = new Outputs();
