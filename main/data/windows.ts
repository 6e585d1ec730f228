/** Positions of (H+1)-entry slices of episodes, one per sequence of a batch, as parallel columns. */
export interface Windows {
  readonly count: number;
  /** Position of the segment in the manifest. */
  readonly segment: Int32Array<ArrayBuffer>;
  /** Row of the episode in its segment. */
  readonly episode: Int32Array<ArrayBuffer>;
  /** First entry of the slice in the episode. */
  readonly start: Int32Array<ArrayBuffer>;
  /** Index in MT30. */
  readonly task: Int32Array<ArrayBuffer>;
}

export function emptyWindows(count: number): Windows {
  return {
    count,
    segment: new Int32Array(count),
    episode: new Int32Array(count),
    start: new Int32Array(count),
    task: new Int32Array(count),
  };
}

/** An update's data, time-major, padded with zeros to MT30's dimensions: what the official buffer's sample() gives. */
export interface Batch {
  readonly horizon: number;
  readonly batchSize: number;
  /** float32 [H+1, B, 24]. */
  readonly obs: Float32Array<ArrayBuffer>;
  /** float32 [H, B, 6]: action t was applied at obs t. */
  readonly action: Float32Array<ArrayBuffer>;
  /** float32 [H, B, 1]. */
  readonly reward: Float32Array<ArrayBuffer>;
  /** int32 [B]. */
  readonly task: Int32Array<ArrayBuffer>;
  /** Where it was read, for the label column. */
  readonly windows: Windows;
}
