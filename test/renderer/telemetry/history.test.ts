import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gpuGraphs, readingOf } from '../../../renderer/telemetry/gpuReadings.ts';
import {
  fromZero,
  liveCurve,
  percent,
  toldCurves,
  watchedSeconds,
  withLook,
} from '../../../renderer/telemetry/history.ts';
import type { Telemetry } from '../../../shared/device.ts';

const start = Date.parse('2026-01-01T00:00:00.000Z');
const look = (seconds: number, processorUtilisation: number | null = 0): Telemetry => ({
  at: new Date(start + seconds * 1000).toISOString(),
  processorUtilisation,
  memoryBytes: 100,
  memoryUsedBytes: 50,
  engines: [],
  gpus: [],
});
const shown = { key: 'k', label: 'l', title: 'l', colour: '--run-1' } as const;
const share = (telemetry: Telemetry): number | null => percent(telemetry.processorUtilisation);

describe('withLook', () => {
  it('keeps two minutes, in order, each look once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1 }), (drawn) => {
        const times = drawn.toSorted((left, right) => left - right);
        const history = times.reduce<readonly Telemetry[]>((list, time) => withLook(list, look(time)), []);
        const kept = history.map(({ at }) => (Date.parse(at) - start) / 1000);
        expect(kept).toEqual([...new Set(kept)].toSorted((left, right) => left - right));
        expect(kept.at(-1)).toBe(Math.max(...times));
        expect(kept.every((time) => time >= Math.max(...times) - watchedSeconds)).toBe(true);
      }),
    );
  });

  it('goes on when the clock is set back', () => {
    const back = withLook([look(3600), look(3602)], look(4, 0.5));
    expect(back).toEqual([look(4, 0.5)]);
    expect(withLook(back, look(6))).toHaveLength(2);
  });
});

describe('liveCurve', () => {
  it('ends at zero seconds, draws zero as a value and what is absent as a gap', () => {
    const history = [look(0, 0.5), look(2, 0), look(4, null), look(6, 1)];
    const { x, last } = liveCurve(history, shown, share);
    expect([...x]).toEqual([-6, -4, -2, 0]);
    expect([...last]).toEqual([50, 0, Number.NaN, 100]);
  });

  it('does not join looks between which nobody looked', () => {
    const { x, last } = liveCurve([look(0, 0.1), look(2, 0.1), look(60, 0.2)], shown, share);
    expect([...x]).toEqual([-60, -58, -29, 0]);
    expect(Number.isNaN(last[2])).toBe(true);
  });

  it('is no curve where nothing was ever told', () => {
    expect(liveCurve([], shown, share).x).toHaveLength(0);
    expect(toldCurves([look(0, null), look(2, null)], shown, share)).toEqual([]);
    expect(toldCurves([look(0, null), look(2, 0)], shown, share)).toHaveLength(1);
  });
});

describe('fromZero', () => {
  it('holds every value, begins at zero and is never empty', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e12 })), (values) => {
        const { min, max } = fromZero(values);
        expect(min).toBe(0);
        expect(max).toBeGreaterThan(0);
        for (const value of values) expect(value).toBeLessThanOrEqual(max * (1 + 1e-9));
      }),
    );
    expect(fromZero([486e6, 440e6]).max).toBe(500e6);
  });
});

describe('the graphs of a card', () => {
  const reading = {
    index: 0,
    uuid: 'GPU-1',
    utilisation: 0,
    memoryUsedBytes: 0,
    temperature: 31,
    power: null,
  };

  it('show zero as zero and what the card does not tell as a dash', () => {
    const graphs = gpuGraphs({ memoryBytes: 12e9, powerLimit: null });
    expect(graphs.map((graph) => graph.value(reading))).toEqual([0, 0, 31, null]);
    expect(graphs.map((graph) => graph.reading(reading))).toEqual(['0 %', '0 B of 12 GB', '31 °C', '–']);
    expect(graphs.map(({ bounds }) => bounds?.max)).toEqual([100, 12e9, 100, undefined]);
  });

  it('belong to the card of that name, wherever it stands in the list', () => {
    const telemetry = { ...look(0), gpus: [{ ...reading, uuid: 'GPU-2' }, reading] };
    expect(readingOf(telemetry, 'GPU-1')).toBe(telemetry.gpus[1]);
    expect(readingOf(telemetry, 'GPU-3')).toBeUndefined();
    expect(readingOf(undefined, 'GPU-1')).toBeUndefined();
  });
});
