export function exportKey(wanted: { checkpoint: string; format: string; precision: string }): string {
  return `${wanted.checkpoint} ${wanted.format} ${wanted.precision}`;
}
