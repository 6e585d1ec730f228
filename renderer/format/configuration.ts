import type { RunConfiguration } from '../../shared/configuration.ts';

/** A configuration as `path → value`, arrays by index: `hyperparameters.lr → 0.0003`. Undefined entries are left out. */
export function flatten(configuration: unknown, prefix = ''): Map<string, string | number | boolean | null> {
  const flat = new Map<string, string | number | boolean | null>();
  if (typeof configuration !== 'object' || configuration === null) {
    if (typeof configuration === 'string' || typeof configuration === 'number' || typeof configuration === 'boolean')
      flat.set(prefix, configuration);
    else if (configuration === null) flat.set(prefix, null);
    return flat;
  }
  for (const [key, value] of Object.entries(configuration) as [string, unknown][])
    for (const [path, leaf] of flatten(value, prefix === '' ? key : `${prefix}.${key}`)) flat.set(path, leaf);
  return flat;
}

export interface Difference {
  path: string;
  /** One value for each configuration; undefined where it has no such entry. */
  values: (string | number | boolean | null | undefined)[];
}

/** The entries in which configurations are not all equal, in the order of the first that has them; the name never counts. */
export function differences(configurations: readonly unknown[]): Difference[] {
  const flat = configurations.map((configuration) => flatten(configuration));
  const paths = new Set(flat.flatMap((one) => [...one.keys()]));
  paths.delete('name');
  return [...paths]
    .map((path) => ({ path, values: flat.map((one) => one.get(path)) }))
    .filter(({ values }) => values.some((value) => !Object.is(value, values[0])));
}

/** Weight of the first reward term; undefined from scratch. */
export function distillationCoefficient(configuration: RunConfiguration): number | undefined {
  if (configuration.method === 'scratch') return undefined;
  const { distillation } = configuration;
  return 'terms' in distillation ? distillation.terms[0]?.coefficient : distillation.coefficient;
}
