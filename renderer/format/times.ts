import { absent } from './numbers.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Two units at most: 42 s, 3 min 20 s, 5 h 12 min, 3 d 4 h. `milliseconds` may be null. */
export function formatDuration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined || !Number.isFinite(milliseconds)) return absent;
  const rounded = Math.max(0, milliseconds);
  if (rounded < second) return `${Math.round(rounded)} ms`;
  if (rounded < 10 * second) return `${(rounded / second).toFixed(1)} s`;
  if (rounded < minute - second / 2) return `${Math.round(rounded / second)} s`;
  const seconds = Math.round(rounded / second);
  if (rounded < hour) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(rounded / minute);
  if (rounded < day) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(rounded / hour);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** "just now", "5 min ago", "in 3 h"; older than a month gives the date. */
export function formatRelativeTime(instant: string | null | undefined, now: number): string {
  if (instant === null || instant === undefined) return absent;
  const difference = now - Date.parse(instant);
  const size = Math.abs(difference);
  if (Number.isNaN(difference)) return absent;
  if (size < 10 * second) return 'just now';
  if (size > 30 * day) return instant.slice(0, 10);
  const [length, unit] =
    size < minute
      ? [size / second, 's']
      : size < hour
        ? [size / minute, 'min']
        : size < day
          ? [size / hour, 'h']
          : [size / day, 'd'];
  const text = `${Math.floor(length)} ${unit}`;
  return difference >= 0 ? `${text} ago` : `in ${text}`;
}

/** Local date and time to the second: 2026-03-01 14:05:09. */
export function formatExactTime(instant: string | null | undefined): string {
  if (instant === null || instant === undefined) return absent;
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return absent;
  const pad = (value: number): string => String(value).padStart(2, '0');
  return (
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
    `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  );
}

/** To the minute and without the year where it is the present one, otherwise the date: "11-23 09:19", "2025-11-23". Local time. */
export function formatShortTime(instant: string | null | undefined, now: number): string {
  const exact = formatExactTime(instant);
  if (exact === absent) return absent;
  return exact.startsWith(`${new Date(now).getFullYear()}-`) ? exact.slice(5, 16) : exact.slice(0, 10);
}

/** Milliseconds that are left at the pace so far; undefined while there is no pace. */
export function timeLeft(done: number, total: number, elapsed: number): number | undefined {
  if (done <= 0 || total <= 0 || elapsed <= 0) return undefined;
  return done >= total ? 0 : (elapsed / done) * (total - done);
}
