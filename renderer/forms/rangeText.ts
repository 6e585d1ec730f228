import { formatCount, formatNumber } from '../format/numbers.ts';
import type { FormField } from './fields.ts';

/** What is allowed, in few words: "1 to 65,536", "more than 0, at most 1", "0 or more"; empty where anything is. */
export function rangeText({ kind, range }: FormField): string {
  const whole = kind === 'integer';
  const show = (value: number): string => (whole ? formatCount(value) : formatNumber(value));
  const { maximum, lessThan, longest } = range;
  if (longest !== undefined) return `up to ${formatCount(longest)} characters`;
  // Above 0 in whole numbers is 1 or more.
  const minimum = whole && range.moreThan !== undefined ? range.moreThan + 1 : range.minimum;
  const moreThan = whole ? undefined : range.moreThan;
  if (minimum !== undefined && maximum !== undefined) return `${show(minimum)} to ${show(maximum)}`;
  const low =
    minimum !== undefined ? `at least ${show(minimum)}` : moreThan !== undefined ? `more than ${show(moreThan)}` : '';
  const high =
    maximum !== undefined ? `at most ${show(maximum)}` : lessThan !== undefined ? `less than ${show(lessThan)}` : '';
  if (high === '' && minimum !== undefined) return `${show(minimum)} or more`;
  return [low, high].filter((part) => part !== '').join(', ');
}

/** The default as a person reads it; undefined where there is none. */
export function fallbackText({ fallback }: FormField): string | undefined {
  if (fallback === undefined) return undefined;
  if (typeof fallback === 'boolean') return fallback ? 'on' : 'off';
  return typeof fallback === 'number' ? formatNumber(fallback, 7) : fallback;
}
