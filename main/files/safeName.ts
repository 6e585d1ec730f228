/** Letters, digits, dots, dashes and underscores: a name that no file system or shell takes amiss; `fallback` where nothing is left. */
export function safeName(name: string, fallback: string): string {
  const safe = name.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._]+/, '');
  return (safe === '' ? fallback : safe).slice(0, 120);
}
