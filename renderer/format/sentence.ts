/** A problem as a sentence of its own: "must be at least 1" → "Must be at least 1." */
export function sentence(text: string): string {
  const [first, ...rest] = text.trim();
  if (first === undefined) return '';
  const end = /[.!?…:]$/.test(text.trim()) ? '' : '.';
  return `${first.toUpperCase()}${rest.join('')}${end}`;
}
