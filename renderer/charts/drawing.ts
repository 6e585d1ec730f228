import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  type ChartDataset,
  type Point,
} from 'chart.js';
import zoomPlugin from 'chartjs-plugin-zoom';
import { themeColour } from '../theme/theme.svelte.ts';
import type { Curve } from './curve.ts';

Chart.register(
  LineController,
  ScatterController,
  LineElement,
  PointElement,
  LinearScale,
  LogarithmicScale,
  Filler,
  zoomPlugin,
);
Chart.defaults.animation = false;
Chart.defaults.font.family = 'system-ui, sans-serif';
Chart.defaults.font.size = 11;

export { Chart };

/** `#rrggbb` with an opacity from 0 to 1. */
export function withOpacity(colour: string, opacity: number): string {
  return `${colour}${Math.round(opacity * 255)
    .toString(16)
    .padStart(2, '0')}`;
}

type LineDataset = ChartDataset<'line', Point[]>;

const shared = { parsing: false, normalized: true, pointRadius: 0, pointHitRadius: 0, spanGaps: false } as const;

/**
 * The data sets of a curve: its band as two borders with the first filled to the second, its values, and if it is smoothed the smooth
 * line over the then faint values. On a logarithmic axis a band that reaches zero is drawn down to `floor`. Single values get a dot, since a line of one point would not be seen.
 */
export function datasetsOf(curve: Curve, logarithmic: boolean, floor: number): LineDataset[] {
  const colour = themeColour(curve.colour);
  const dash = curve.dash === undefined ? {} : { borderDash: [...curve.dash] };
  const faint = curve.smooth !== undefined;
  const alone = curve.x.length === 1;
  const line: LineDataset = {
    ...shared,
    ...dash,
    label: curve.label,
    data: pointsOf(curve.x, curve.last, logarithmic),
    borderColor: faint ? withOpacity(colour, 0.3) : colour,
    borderWidth: faint ? 1 : 1.5,
    borderJoinStyle: 'round',
    // A whole dot even at the edge.
    ...(alone && { pointRadius: 3, pointBackgroundColor: colour, clip: 4 }),
  };
  const datasets: LineDataset[] = [];
  if (curve.band !== undefined) {
    const border = { ...shared, borderWidth: 0 };
    const low = logarithmic ? curve.band.min.map((value) => (value <= floor ? floor : value)) : curve.band.min;
    datasets.push(
      {
        ...border,
        data: pointsOf(curve.x, curve.band.max, logarithmic),
        backgroundColor: withOpacity(colour, faint ? 0.12 : 0.2),
        fill: '+1',
      },
      { ...border, data: pointsOf(curve.x, low, logarithmic), fill: false },
    );
  }
  datasets.push(line);
  if (curve.smooth !== undefined && !alone)
    datasets.push({
      ...shared,
      ...dash,
      data: pointsOf(curve.x, curve.smooth, logarithmic),
      borderColor: colour,
      borderWidth: 2,
      borderJoinStyle: 'round',
    });
  return datasets;
}

/** Values that cannot be drawn are gaps: what is not finite and, on a logarithmic axis, what is not positive. */
function pointsOf(x: Float64Array, y: Float64Array, logarithmic: boolean): Point[] {
  return Array.from(x, (at, index) => {
    const value = y[index] ?? Number.NaN;
    return { x: at, y: Number.isFinite(value) && (!logarithmic || value > 0) ? value : Number.NaN };
  });
}

export interface ChartColours {
  text: string;
  grid: string;
  border: string;
  surface: string;
  accent: string;
}

export function chartColours(): ChartColours {
  return {
    text: themeColour('--text-muted'),
    grid: themeColour('--grid'),
    border: themeColour('--border-strong'),
    surface: themeColour('--surface'),
    accent: themeColour('--accent'),
  };
}
