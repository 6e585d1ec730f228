import type { MjModel } from '@mujoco/mujoco';
import { float64View } from '../../../main/sim/mujoco.ts';

/** Numbers of MuJoCo 3.1.2 that the WASM module has in another form, or not at all. */
export interface FormerField {
  values: number[];
  /** Where the values come from: printed with the check. */
  reason: string;
}

const gone = 'not in this MuJoCo: compared with the default of 3.1.2, which our MJCF leaves';
const hidden = 'not exposed by the WASM module: compared with what the compiler derives from our MJCF';
const older = 'the enumeration has grown since 3.1.2: compared by the older rule';

/** What 3.1.2 would give for a field of our model; undefined for a field that is read as it is. */
export function formerField(field: string, model: MjModel): FormerField | undefined {
  switch (field) {
    case 'option.apirate':
      return { values: [100], reason: gone };
    case 'option.mpr_iterations':
      return { values: [50], reason: gone };
    case 'option.mpr_tolerance':
      return { values: [1e-6], reason: gone };
    case 'light_directional':
      return { values: Array.from(int32(model.light_type)), reason: 'now the type of the light: 1 is directional' };
    case 'actuator_actearly':
      return { values: new Array<number>(model.nactuator).fill(0), reason: hidden };
    case 'jnt_actfrclimited': {
      const range = float64View(model.jnt_actfrcrange);
      return {
        values: Array.from({ length: model.njnt }, (_, id) => Number(range[2 * id] !== range[2 * id + 1])),
        reason: hidden,
      };
    }
    case 'body_sameframe':
      return {
        values: Array.from({ length: model.nbody }, (_, id) => Number(isIdentity(poseOf(model, 'body', id)))),
        reason: older,
      };
    case 'geom_sameframe':
      return { values: Array.from({ length: model.ngeom }, (_, id) => geomFrame(model, id)), reason: older };
    default:
      return undefined;
  }
}

function int32(value: unknown): Int32Array {
  if (!(value instanceof Int32Array)) throw new TypeError('MuJoCo gave something other than an int32 array');
  return value;
}

/** Position and quaternion: of a body's inertial frame in the body, or of a geom in its body. */
function poseOf(model: MjModel, kind: 'body' | 'geom', id: number): number[] {
  const position = float64View(kind === 'body' ? model.body_ipos : model.geom_pos);
  const quaternion = float64View(kind === 'body' ? model.body_iquat : model.geom_quat);
  return [...position.subarray(3 * id, 3 * id + 3), ...quaternion.subarray(4 * id, 4 * id + 4)];
}

function isIdentity(pose: readonly number[]): boolean {
  return samePose(pose, [0, 0, 0, 1, 0, 0, 0]);
}

function samePose(first: readonly number[], second: readonly number[]): boolean {
  return first.every((entry, index) => Math.abs(entry - (second[index] ?? NaN)) < 1e-10);
}

/** 1: the geom's frame is its body's; 2: it is its body's inertial frame; 0: neither. */
function geomFrame(model: MjModel, id: number): number {
  const pose = poseOf(model, 'geom', id);
  if (isIdentity(pose)) return 1;
  const body = int32(model.geom_bodyid)[id] ?? 0;
  return samePose(pose, poseOf(model, 'body', body)) ? 2 : 0;
}
