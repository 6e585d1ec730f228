/**
 * Tensor names of both official key layouts (reference/sizes.md). Everything of ours uses td-mpc-opt's, the older one:
 * there `_Qs.params.i` counts i = 4 x layer + (weight, bias, ln.weight, ln.bias).
 */
export const moduleNames = ['task_emb', 'encoder', 'dynamics', 'reward', 'pi', 'Qs', 'target_Qs'] as const;
/** A part of the model; its tensors are named `_<module>.…`. */
export type ModuleName = (typeof moduleNames)[number];

export type CheckpointLayout = 'td-mpc-opt' | 'tdmpc2';

/** Copies and constants that a state dict carries beside the parameters. */
const derived = /^(_detach_Qs_params\.|_action_masks$|log_std_(min|dif)$)|\.__(batch_size|device)$/;
const newerQ = /^(_Qs\.params|_target_Qs_params)\.(\d+)\.(weight|bias|ln\.weight|ln\.bias)$/;
const parts = ['weight', 'bias', 'ln.weight', 'ln.bias'];

/** td-mpc-opt's name of a source tensor, or undefined for one that is no parameter. */
export function officialName(name: string): string | undefined {
  if (derived.test(name)) return undefined;
  const match = newerQ.exec(name);
  if (match === null) return name;
  const [, prefix, layer, part] = match;
  const index = 4 * Number(layer) + parts.indexOf(part ?? '');
  return `${prefix === '_Qs.params' ? '_Qs' : '_target_Qs'}.params.${index}`;
}

/** Which of the two official key layouts names are of. */
export function layoutOfNames(names: Iterable<string>): CheckpointLayout {
  for (const name of names) if (newerQ.test(name) || name.startsWith('_target_Qs_params.')) return 'tdmpc2';
  return 'td-mpc-opt';
}

/** Whether names look like a TD-MPC2 state dict at all. */
export function isModelNames(names: Iterable<string>): boolean {
  for (const name of names) if (/^_(encoder|dynamics|reward|pi|Qs|target_Qs)[._]/.test(name)) return true;
  return false;
}

/** The part of the model that a parameter belongs to; undefined for the task embedding and unknown names. */
export function moduleOf(name: string): ModuleName | undefined {
  return moduleNames.find((module) => name.startsWith(`_${module}.`));
}
