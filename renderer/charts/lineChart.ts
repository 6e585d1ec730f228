import type { ChartConfiguration, Plugin, Point } from 'chart.js';
import { formatShortCount } from '../format/numbers.ts';
import { type Curve, type Range } from './curve.ts';
import { Chart, chartColours, datasetsOf, withOpacity } from './drawing.ts';
import { xExtent, yRange, type Axis } from './ranges.ts';
import { tickText } from './ticks.ts';

export interface LineChartView {
  curves: readonly Curve[];
  logX: boolean;
  logY: boolean;
  /** What part of the x axis is shown; all of it where undefined. */
  range: Range | undefined;
  xTitle: string;
  /** Of the values; bytes are shown in larger units. */
  unit: string | undefined;
  /** What the y axis spans, where that is known beforehand. */
  bounds?: Range | undefined;
  /** A small one that only shows how a value goes: without words at its x axis. */
  compact?: boolean;
}

export interface LineChartListener {
  /** A drag chose this part of the x axis. */
  onRange: (range: Range) => void;
  /** The pointer is at this x, at so many pixels from the left of the canvas; undefined when it left. */
  onHover: (at: { x: number; pixel: number } | undefined) => void;
}

/** A canvas that shows curves: chart.js with our rules for axes, bands and hovering. */
export class LineChart {
  readonly #chart: Chart<'line', Point[]>;
  readonly #listener: LineChartListener;

  constructor(canvas: HTMLCanvasElement, listener: LineChartListener) {
    this.#listener = listener;
    this.#chart = new Chart(canvas, this.#configuration());
  }

  get canvas(): HTMLCanvasElement {
    return this.#chart.canvas;
  }

  /** Draws another state; colours are those of the theme now. */
  show(view: LineChartView): void {
    const { curves, logX, logY, range, xTitle, unit, bounds, compact = false } = view;
    const colours = chartColours();
    const extent = range ?? xExtent(curves) ?? { min: 0, max: 1 };
    const y: Axis = bounds ?? yRange(curves, range, logY);
    this.#chart.data.datasets = curves.flatMap((curve) => datasetsOf(curve, logY, y.min));
    // Numbers beside nothing would be made up.
    const filled = curves.some(({ x }) => x.length > 0);
    const ticks = { display: filled, color: colours.text, maxRotation: 0, autoSkipPadding: 16 };
    const grid = { color: colours.grid, tickColor: colours.grid };
    const border = { color: colours.border };
    this.#chart.options.scales = {
      x: {
        type: logX ? 'logarithmic' : 'linear',
        min: logX ? Math.max(extent.min, extent.max / 1e9) : extent.min,
        max: extent.max > extent.min ? extent.max : extent.min + 1,
        title: { display: !compact, text: xTitle, color: colours.text, padding: 0 },
        ticks: {
          ...ticks,
          display: filled && !compact,
          includeBounds: false,
          callback: (value) => formatShortCount(Number(value)),
        },
        grid,
        border,
      },
      y: {
        type: logY ? 'logarithmic' : 'linear',
        min: y.min,
        max: y.max,
        // The same room for numbers whatever they are: charts above each other align, and nothing jumps while they grow.
        afterFit: (scale) => {
          scale.width = 56;
        },
        ticks: {
          ...ticks,
          ...(y.step === undefined || compact ? { maxTicksLimit: compact ? 3 : 7 } : { stepSize: y.step }),
          callback: (value) => tickText(Number(value), unit),
        },
        grid,
        border,
      },
    };
    const drag = this.#chart.options.plugins?.zoom?.zoom?.drag;
    if (drag !== undefined) {
      drag.backgroundColor = withOpacity(colours.accent, 0.15);
      drag.borderColor = colours.accent;
    }
    this.#chart.update('none');
    this.canvas.dataset['points'] = String(curves.reduce((sum, { x }) => sum + x.length, 0));
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #configuration(): ChartConfiguration<'line', Point[]> {
    return {
      type: 'line',
      data: { datasets: [] },
      plugins: [this.#pointer()],
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        resizeDelay: 50,
        // Hovering is our own: chart.js would look at every point of every line.
        events: [],
        layout: { padding: { top: 4, right: 8, bottom: 0, left: 0 } },
        plugins: {
          zoom: {
            zoom: {
              mode: 'x',
              drag: { enabled: true, threshold: 8, borderWidth: 1 },
              onZoomComplete: ({ chart }) => {
                const scale = chart.scales['x'];
                if (scale !== undefined) this.#listener.onRange({ min: scale.min, max: scale.max });
              },
            },
          },
        },
      },
    };
  }

  /** Follows the pointer, and draws a line where it is. */
  #pointer(): Plugin<'line'> {
    let pixel: number | undefined;
    let stop = new AbortController();
    return {
      id: 'pointer',
      install: (chart) => {
        stop = new AbortController();
        const { signal } = stop;
        chart.canvas.addEventListener(
          'pointermove',
          ({ offsetX }) => {
            const scale = chart.scales['x'];
            const { left, right } = chart.chartArea;
            pixel = scale === undefined || offsetX < left || offsetX > right ? undefined : offsetX;
            const x = pixel === undefined ? undefined : scale?.getValueForPixel(pixel);
            this.#listener.onHover(x === undefined || pixel === undefined ? undefined : { x, pixel });
            chart.draw();
          },
          { signal },
        );
        chart.canvas.addEventListener(
          'pointerleave',
          () => {
            pixel = undefined;
            this.#listener.onHover(undefined);
            chart.draw();
          },
          { signal },
        );
      },
      uninstall: () => {
        stop.abort();
      },
      afterDatasetsDraw: (chart) => {
        if (pixel === undefined) return;
        const { ctx, chartArea } = chart;
        ctx.save();
        ctx.strokeStyle = chartColours().border;
        ctx.lineWidth = 1;
        ctx.beginPath();
        ctx.moveTo(Math.round(pixel) + 0.5, chartArea.top);
        ctx.lineTo(Math.round(pixel) + 0.5, chartArea.bottom);
        ctx.stroke();
        ctx.restore();
      },
    };
  }
}
