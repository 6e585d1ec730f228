/** A checkpoint's model in a format, or a whole run. */
export type ExportWanted = { checkpoint: string; format: string; precision: string } | { run: string };

export function exportKey(wanted: ExportWanted): string {
  return 'run' in wanted ? `bundle ${wanted.run}` : `${wanted.checkpoint} ${wanted.format} ${wanted.precision}`;
}
