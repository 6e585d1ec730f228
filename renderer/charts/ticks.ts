import { formatBytes, formatNumber, formatShortCount } from '../format/numbers.ts';

/**
 * A number beside the y axis, in at most nine characters: every axis has the same room. A percentage says so itself, since live graphs have no
 * unit in their title.
 */
export function tickText(value: number, unit: string | undefined): string {
  if (unit === 'B') return formatBytes(value);
  if (unit === '%') return `${formatNumber(value, 3)} %`;
  const size = Math.abs(value);
  return size >= 1e4 && size < 1e10 ? formatShortCount(Number(value.toPrecision(3))) : formatNumber(value, 3);
}
