import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labellingNeed, memoryNeed, withoutTeacher, type MemoryKind } from '../../../../main/engine/training/memory.ts';
import { architectureOfSize, modelSizes, type ModelSize } from '../../../../shared/architecture.ts';

/** An engine that was measured. Unless said: two threads, dropout, 60 episodes, from scratch. */
interface Measured {
  kind: MemoryKind;
  size: ModelSize;
  batch: number;
  /** Updates; a checkpoint was written after each third of them. */
  updates: number;
  /** Peak of its resident memory in millions of bytes. */
  megabytes: number;
  noDropout?: true;
  /** Its teacher, the rows that it computes at once, and whether it stays in memory; else it comes back before each 65,536 windows. */
  teacher?: { size: ModelSize; rows: number; stays: boolean };
  episodes?: number;
}

function measured(
  kind: MemoryKind,
  [size, batch, updates, megabytes]: readonly [ModelSize, number, number, number],
  more: Pick<Measured, 'noDropout' | 'teacher' | 'episodes'> = {},
): Measured {
  return { kind, size, batch, updates, megabytes, ...more };
}

const onTheFly = (size: ModelSize, rows: number) => ({ teacher: { size, rows, stays: true } });

/**
 * By `test/bench/memory.ts`: VmHWM of `train` engines, the highest where one was run several times. x64, Linux 6, two cores that other
 * programs used too, 24 GiB, Node 24.21, onnxruntime 1.27, TensorFlow 2.21 for the processor with XLA.
 */
const engines: readonly Measured[] = [
  measured('onnx', [1, 16, 2000, 448]),
  measured('onnx', [1, 64, 100, 467]),
  measured('onnx', [1, 256, 300, 642]),
  measured('onnx', [1, 256, 50, 621], { noDropout: true }),
  measured('onnx', [1, 512, 12, 849]),
  measured('onnx', [1, 1024, 8, 1281]),
  measured('onnx', [5, 16, 200, 650]),
  measured('onnx', [5, 64, 25, 716]),
  measured('onnx', [5, 256, 25, 1027]),
  measured('onnx', [5, 1024, 4, 2299]),
  measured('onnx', [19, 16, 12, 1177]),
  measured('onnx', [19, 64, 9, 1327]),
  measured('onnx', [19, 256, 5, 1862]),
  measured('onnx', [48, 16, 7, 2673]),
  measured('onnx', [48, 64, 5, 2989]),
  measured('onnx', [1, 16, 60, 426], onTheFly(5, 16)),
  measured('onnx', [1, 256, 40, 647], onTheFly(5, 256)),
  measured('onnx', [1, 16, 20, 495], onTheFly(48, 16)),
  measured('onnx', [1, 256, 40, 719], onTheFly(48, 256)),
  // Labels of all three steps, padded to a power of two.
  measured('onnx', [1, 256, 12, 763], onTheFly(48, 1024)),
  measured('onnx', [5, 256, 10, 1109], onTheFly(48, 256)),
  measured('onnx', [1, 16, 20, 740], onTheFly(317, 16)),
  measured('onnx', [1, 256, 8, 1036], onTheFly(317, 256)),
  measured('onnx', [5, 16, 12, 953], onTheFly(317, 16)),
  // As many episodes as MT30, all labelled; and every thirtieth row not.
  measured('onnx', [1, 256, 300, 705], { episodes: 690_000 }),
  measured('onnx', [1, 256, 300, 735], { episodes: 690_000, teacher: { size: 48, rows: 1024, stays: false } }),
  measured('onnx', [1, 256, 800, 1267], { episodes: 690_000, teacher: { size: 317, rows: 1024, stays: false } }),
  measured('eager', [1, 16, 400, 493]),
  measured('eager', [1, 64, 20, 466]),
  measured('eager', [1, 256, 60, 685]),
  measured('eager', [1, 1024, 4, 1686]),
  measured('eager', [5, 16, 9, 617]),
  measured('eager', [5, 32, 9, 683]),
  measured('eager', [5, 64, 40, 789]),
  measured('eager', [5, 256, 4, 1374]),
  measured('eager', [19, 16, 4, 1201]),
  measured('eager', [1, 16, 150, 508], onTheFly(48, 16)),
  measured('eager', [1, 256, 40, 745], onTheFly(48, 256)),
  measured('eager', [5, 256, 4, 1423], onTheFly(48, 256)),
  measured('eager', [48, 16, 3, 2962]),
  measured('eager', [1, 16, 5, 917], onTheFly(317, 16)),
  measured('eager', [1, 256, 40, 1421], onTheFly(317, 256)),
  measured('eager', [1, 64, 6, 490], { teacher: { size: 48, rows: 1024, stays: false } }),
  measured('tensorflow', [1, 16, 60, 1332]),
  measured('tensorflow', [1, 64, 8, 1533]),
  measured('tensorflow', [1, 256, 20, 1394]),
  measured('tensorflow', [1, 1024, 4, 1629]),
  measured('tensorflow', [5, 16, 20, 1630]),
  measured('tensorflow', [5, 64, 6, 1787]),
  measured('tensorflow', [5, 256, 6, 1781]),
  measured('tensorflow', [19, 16, 4, 2333]),
  measured('tensorflow', [19, 64, 4, 2407]),
  measured('tensorflow', [48, 16, 3, 3534]),
  measured('tensorflow', [1, 256, 6, 1373], onTheFly(5, 256)),
  measured('tensorflow', [1, 16, 8, 1463], onTheFly(48, 16)),
  measured('tensorflow', [1, 256, 6, 1581], onTheFly(48, 256)),
  measured('tensorflow', [1, 64, 8, 1401], { teacher: { size: 48, rows: 1024, stays: false } }),
  measured('tensorflow', [1, 16, 6, 1986], onTheFly(317, 16)),
  measured('tensorflow', [1, 256, 6, 2118], onTheFly(317, 256)),
];

function needOf({ kind, size, batch, noDropout, teacher, episodes = 0 }: Measured) {
  return memoryNeed(
    {
      architecture: architectureOfSize(size),
      batchSize: batch,
      horizon: 3,
      dropout: noDropout !== true,
      teacher: teacher && { ...teacher, architecture: architectureOfSize(teacher.size) },
      labelledEntries: 501 * episodes,
    },
    kind,
  );
}

describe('the memory that a run needs', () => {
  it.each(engines)('is at most 1.3 times what $kind took for size $size at batch $batch: $megabytes MB', (engine) => {
    const ratio = needOf(engine).totalBytes / 1e6 / engine.megabytes;
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.3);
  });

  it('is the sum of its parts, none of which is negative, and grows with size, batch and teacher', () => {
    const kinds = fc.constantFrom<MemoryKind>('eager', 'onnx', 'tensorflow');
    const teacher = fc.record({
      size: fc.constantFrom(...modelSizes),
      rows: fc.integer({ min: 1, max: 4096 }),
      stays: fc.boolean(),
    });
    fc.assert(
      fc.property(
        kinds,
        fc.constantFrom<ModelSize>(1, 5, 19, 48),
        fc.integer({ min: 1, max: 5000 }),
        teacher,
        (kind, size, batch, taught) => {
          const engine = { kind, size, batch, updates: 1, megabytes: 0 };
          const alone = needOf(engine);
          const need = needOf({ ...engine, teacher: taught });
          const { totalBytes, ...parts } = need;
          expect(Math.min(...Object.values(parts))).toBeGreaterThanOrEqual(0);
          expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(totalBytes, 0);
          expect(withoutTeacher(need)).toEqual(alone);
          expect(needOf({ ...engine, batch: 2 * batch }).totalBytes).toBeGreaterThanOrEqual(alone.totalBytes);
          expect(needOf({ ...engine, size: 317 }).totalBytes).toBeGreaterThan(alone.totalBytes);
        },
      ),
    );
  });

  it('of an engine that only labels is its teacher and its process', () => {
    const need = labellingNeed({ architecture: architectureOfSize(317), rows: 1024 }, 0, 'onnx');
    expect(need.teacherBytes).toBeGreaterThan(319e6);
    expect(need.totalBytes).toBeCloseTo(need.teacherBytes + need.processBytes, 0);
  });
});
