import type { ToolReport } from '../../../shared/contract.ts';
import { toErrorReport, type ErrorReport } from '../../../shared/errors.ts';
import { formatBytes } from '../../format/numbers.ts';

export type ToolState = ToolReport['state'];

const names: Readonly<Record<ToolReport['tool'], string>> = { tensorflow: 'TensorFlow' };

/** "TensorFlow 2.16 for the processor". */
export function toolTitle({ tool, variant, version }: Pick<ToolReport, 'tool' | 'variant' | 'version'>): string {
  return `${names[tool]} ${version} ${variant === 'cuda' ? 'for an NVIDIA card' : 'for the processor'}`;
}

/** What a set-up costs before it is begun, and what it takes afterwards. */
export function setupText(report: ToolReport): string {
  const { state, downloadBytes, installedBytes, neededBytes, usedBytes, folder } = report;
  if (state === 'ready') return `${formatBytes(usedBytes)} in ${folder}.`;
  const costs = `Downloads ${formatBytes(downloadBytes)}, takes ${formatBytes(installedBytes)} afterwards and ${formatBytes(neededBytes)} at most meanwhile.`;
  return state === 'partial' ? `${formatBytes(usedBytes)} are there already. ${costs}` : costs;
}

/** What to show when the tools could not be listed; nothing where the host is away, which the banner says. */
export function listFailure(thrown: unknown): ErrorReport | undefined {
  const report = toErrorReport(thrown);
  return report.code === 'HOST_GONE' ? undefined : report;
}
