import type { MjModel } from '@mujoco/mujoco';
import { isNumericArray, type NumericArray } from '../../../main/sim/mujoco.ts';

interface Accessor {
  delete(): void;
}

interface BooleanField {
  count: number;
  at: (id: number) => Accessor;
  key: string;
}

/**
 * Boolean arrays, which the WASM module cannot hand out whole: each entry is read through the accessor of its object.
 */
function booleanField(model: MjModel, field: string): BooleanField | undefined {
  switch (field) {
    case 'actuator_actlimited':
    case 'actuator_ctrllimited':
    case 'actuator_forcelimited':
      return { count: model.nactuator, at: (id) => model.actuator(id), key: field.replace('actuator_', '') };
    case 'eq_active0':
      return { count: model.neq, at: (id) => model.eq(id), key: 'active0' };
    case 'jnt_limited':
      return { count: model.njnt, at: (id) => model.jnt(id), key: 'limited' };
    case 'light_active':
    case 'light_castshadow':
      return { count: model.nlight, at: (id) => model.light(id), key: field.replace('light_', '') };
    case 'tendon_limited':
      return { count: model.ntendon, at: (id) => model.tendon(id), key: '_limited' };
    default:
      return undefined;
  }
}

/**
 * Boolean arrays without such an accessor. Reading them throws out of the module, and every such throw loses a piece of
 * its stack for good: after some 1600 of them its memory is overwritten. So they are never touched.
 */
const hiddenFields = new Set([
  'actuator_actearly',
  'flex_centered',
  'flex_flatskin',
  'flex_internal',
  'flex_rigid',
  'flexedge_rigid',
  'jnt_actfrclimited',
  'jnt_actgravcomp',
  'mat_texuniform',
  'tendon_actfrclimited',
]);

/** A field of the compiled model as numbers, booleans as 0 and 1; undefined where the module does not expose it. */
export function readModelField(model: MjModel, field: string): NumericArray | undefined {
  const boolean = booleanField(model, field);
  if (boolean !== undefined) {
    return Uint8Array.from({ length: boolean.count }, (_, id) => {
      const accessor = boolean.at(id);
      try {
        return Reflect.get(accessor, boolean.key) === true ? 1 : 0;
      } finally {
        accessor.delete();
      }
    });
  }
  if (hiddenFields.has(field)) return undefined;
  const value: unknown = Reflect.get(model, field);
  return isNumericArray(value) ? value : undefined;
}

/** Numbers of rows of the arrays that a task may change at reset, by the first word of their names. */
const changeable: Record<string, 'nbody' | 'nv' | 'ngeom' | 'njnt' | 'nsite'> = {
  body: 'nbody',
  dof: 'nv',
  geom: 'ngeom',
  jnt: 'njnt',
  site: 'nsite',
};

const objectOf = (field: string): string => field.split('_')[0] ?? '';

/** Copies of the model's arrays that a task could change at reset, by name. */
export function modelSnapshot(model: MjModel): Map<string, NumericArray> {
  const snapshot = new Map<string, NumericArray>();
  for (const field in model) {
    if (!(objectOf(field) in changeable) || !field.includes('_')) continue;
    const value = readModelField(model, field);
    if (value !== undefined) snapshot.set(field, value.slice());
  }
  return snapshot;
}

export interface ModelChange {
  /** Row, and column where a row has several. */
  index: number[];
  compiled: number;
  episode: number;
}

/** The entries that differ between a snapshot and the model now, by field. */
export function modelChanges(model: MjModel, before: ReadonlyMap<string, NumericArray>): Map<string, ModelChange[]> {
  const changes = new Map<string, ModelChange[]>();
  for (const [field, compiled] of before) {
    const count = changeable[objectOf(field)];
    const width = count === undefined ? NaN : compiled.length / model[count];
    const now = readModelField(model, field) ?? [];
    const entries = Array.from(compiled).flatMap((value, offset) => {
      const episode = now[offset] ?? NaN;
      const row = Math.floor(offset / width);
      const index = width === 1 ? [row] : [row, offset % width];
      return value === episode ? [] : [{ index, compiled: value, episode }];
    });
    if (entries.length > 0) changes.set(field, entries);
  }
  return changes;
}
