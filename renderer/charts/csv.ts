import type { Curve } from './curve.ts';

/** Rows as RFC 4180: CRLF, and quotes where a cell needs them. Numbers keep every digit; NaN is an empty cell. */
export function csvText(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number): string {
  if (typeof value === 'number') return Number.isNaN(value) ? '' : String(value);
  // A leading = + - @ would be run as a formula by spreadsheets: names of runs come from anywhere.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Every bin of every curve, one a row. */
export function curvesCsv(curves: readonly Curve[], x: string, value: string): string {
  const rows: (string | number)[][] = [['curve', x, value, 'low', 'high', 'smoothed']];
  for (const curve of curves)
    for (const [index, at] of curve.x.entries()) {
      const last = curve.last[index] ?? Number.NaN;
      rows.push([
        curve.label,
        at,
        last,
        curve.band === undefined ? last : (curve.band.min[index] ?? Number.NaN),
        curve.band === undefined ? last : (curve.band.max[index] ?? Number.NaN),
        curve.smooth?.[index] ?? last,
      ]);
    }
  return csvText(rows);
}
