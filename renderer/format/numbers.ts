/** Shown for what is not there. */
export const absent = '–';

const grouping = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 12,345; "–" for null. */
export function formatCount(value: number | null | undefined): string {
  if (value === null || value === undefined) return absent;
  return Number.isFinite(value) ? grouping.format(value) : formatNumber(value);
}

/** About four significant digits in few characters: 0.4, 17.85, 12,345, 3.2e-7, NaN, ∞. The exact value belongs into a title. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return absent;
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e7)
    return minus(
      value
        .toExponential(digits - 1)
        .replace(/\.?0+e/, 'e')
        .replace('e+', 'e'),
    );
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return minus(new Intl.NumberFormat('en-US', { maximumFractionDigits: decimals }).format(value));
}

/** Every digit that the number has, for hovering. */
export function exactNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return absent;
  return String(value);
}

/** 0.5 → 50 %. */
export function formatPercent(share: number | null | undefined, decimals = 0): string {
  if (share === null || share === undefined) return absent;
  if (!Number.isFinite(share)) return formatNumber(share);
  return `${minus((share * 100).toFixed(decimals))} %`;
}

const largeSteps = [
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const;

/** 345.7M, 200K, 60: for counts whose size matters more than their digits. */
export function formatShortCount(value: number | null | undefined): string {
  if (value === null || value === undefined) return absent;
  for (const [size, letter] of largeSteps)
    if (Math.abs(value) >= size) return `${formatNumber(value / size, 4)}${letter}`;
  return formatNumber(value);
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal units, three digits: 3.98 MB. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return absent;
  if (!Number.isFinite(bytes)) return formatNumber(bytes);
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const shown = unit === 0 ? value.toFixed(0) : value.toPrecision(3);
  return `${bytes < 0 ? '−' : ''}${Number(shown)} ${byteUnits[unit] ?? 'PB'}`;
}

export function exactBytes(bytes: number | null | undefined): string {
  return bytes === null || bytes === undefined ? absent : `${formatCount(bytes)} bytes`;
}

/** The first characters of a content hash. */
export function shortHash(hash: string): string {
  return hash.slice(0, 10);
}

/** "1 episode", "2 episodes". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** The beginning of a long text. */
export function clipped(text: string, longest = 1200): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

function minus(text: string): string {
  return text.startsWith('-') ? `−${text.slice(1)}` : text;
}
