/** Rows k >= 1 of episodes: row k is labelled from obs[k-1] and action[k]. Parallel columns. */
export interface LabelRows {
  readonly count: number;
  readonly segment: readonly number[];
  readonly episode: readonly number[];
  readonly row: readonly number[];
}

/** Rows being listed. */
export class RowBuffer implements LabelRows {
  readonly segment: number[] = [];
  readonly episode: number[] = [];
  readonly row: number[] = [];

  get count(): number {
    return this.row.length;
  }

  push(segment: number, episode: number, row: number): void {
    this.segment.push(segment);
    this.episode.push(episode);
    this.row.push(row);
  }
}

/** A set of the entries of a segment: one bit each, 43 MB for all of MT30. */
export class RowSet {
  readonly #bits: Uint8Array;
  #size = 0;

  constructor(entries: number) {
    this.#bits = new Uint8Array(Math.ceil(entries / 8));
  }

  get size(): number {
    return this.#size;
  }

  has(entry: number): boolean {
    return (((this.#bits[entry >>> 3] ?? 0) >>> (entry & 7)) & 1) === 1;
  }

  /** Whether the entry was new. */
  add(entry: number): boolean {
    if (this.has(entry)) return false;
    this.#bits[entry >>> 3] = (this.#bits[entry >>> 3] ?? 0) | (1 << (entry & 7));
    this.#size += 1;
    return true;
  }
}
