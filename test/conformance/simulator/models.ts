import type { MjModel } from '@mujoco/mujoco';
import { z } from 'zod';
import type { ModelName, Mujoco, NumericArray } from '../../../main/sim/mujoco.ts';
import { isNumericArray } from '../../../main/sim/mujoco.ts';
import { loadPhysics } from '../../../main/sim/physics.ts';
import type { Report } from '../report.ts';
import { largestDifference, readChecked, type NamedFile } from './files.ts';
import { readModelField } from './modelFields.ts';
import { formerField } from './formerFields.ts';

const numberOrNumbers = z.union([z.number(), z.array(z.number())]);

const modelSchema = z.object({
  sizes: z.record(z.string(), z.number()),
  names: z.record(z.string(), z.array(z.string())),
  option: z.record(z.string(), numberOrNumbers),
  disable_flags_set: z.array(z.string()),
  enable_flags_set: z.array(z.string()),
  integrator_name: z.string(),
  solver_name: z.string(),
  cone_name: z.string(),
  statistic: z.record(z.string(), numberOrNumbers),
  arrays: z.record(z.string(), z.object({ shape: z.array(z.int()), dtype: z.string(), data: z.array(z.unknown()) })),
  enum_hints: z.record(z.string(), z.array(z.string())),
  used_by_tasks: z.array(z.string()).min(1),
});
type ModelFile = z.infer<typeof modelSchema>;

const computed = 1e-14;
const computedReason = 'relative; last places of what the compiler computes';
const exactReason = 'written in the MJCF or counted: equal';

/** Every size, option, statistic, name and array of a compiled model. */
export async function checkModel(
  file: NamedFile,
  model: ModelName,
  tasks: readonly string[],
  report: Report,
): Promise<void> {
  const group = `model ${file.name}`;
  const reference = await readChecked(file.path, modelSchema, group, report);
  if (reference === undefined) return;
  const physics = await loadPhysics(model);
  try {
    const users = reference.used_by_tasks.join(', ');
    report.expect(`${group} used_by_tasks`, users === tasks.join(', '), `it is used by ${tasks.join(', ')}`);
    checkScalars(group, physics.model, reference, report);
    checkNames(group, physics.mujoco, physics.model, reference, report);
    checkEnumerations(group, physics.mujoco, physics.model, reference, report);
    checkArrays(group, physics.model, reference, report);
  } finally {
    physics.dispose();
  }
}

function checkScalars(group: string, model: MjModel, reference: ModelFile, report: Report): void {
  for (const [name, theirs] of Object.entries(reference.sizes))
    report.check(group, name, largestDifference(asNumbers(Reflect.get(model, name)), [theirs]), 0, exactReason);
  for (const [name, theirs] of Object.entries(reference.option)) {
    const former = formerField(`option.${name}`, model);
    const ours = former?.values ?? asNumbers(Reflect.get(model.opt, name));
    const reason = former?.reason ?? exactReason;
    report.check(group, `option.${name}`, largestDifference(ours, [theirs].flat()), 0, reason);
  }
  for (const [name, theirs] of Object.entries(reference.statistic)) {
    const deviation = relativeDifference(asNumbers(Reflect.get(model.stat, name)), [theirs].flat());
    report.check(group, `statistic.${name}`, deviation, computed, computedReason);
  }
}

function checkNames(group: string, mujoco: Mujoco, model: MjModel, reference: ModelFile, report: Report): void {
  const { mjtObj } = mujoco;
  const kinds: Record<string, { type: number; count: number }> = {
    body: { type: mjtObj.mjOBJ_BODY.value, count: model.nbody },
    joint: { type: mjtObj.mjOBJ_JOINT.value, count: model.njnt },
    geom: { type: mjtObj.mjOBJ_GEOM.value, count: model.ngeom },
    site: { type: mjtObj.mjOBJ_SITE.value, count: model.nsite },
    tendon: { type: mjtObj.mjOBJ_TENDON.value, count: model.ntendon },
    actuator: { type: mjtObj.mjOBJ_ACTUATOR.value, count: model.nactuator },
    sensor: { type: mjtObj.mjOBJ_SENSOR.value, count: model.nsensor },
    camera: { type: mjtObj.mjOBJ_CAMERA.value, count: model.ncam },
    light: { type: mjtObj.mjOBJ_LIGHT.value, count: model.nlight },
    equality: { type: mjtObj.mjOBJ_EQUALITY.value, count: model.neq },
    exclude: { type: mjtObj.mjOBJ_EXCLUDE.value, count: model.nexclude },
    key: { type: mjtObj.mjOBJ_KEY.value, count: model.nkey },
    material: { type: mjtObj.mjOBJ_MATERIAL.value, count: model.nmat },
  };
  for (const [kind, theirs] of Object.entries(reference.names)) {
    const { type, count } = kinds[kind] ?? { type: NaN, count: NaN };
    const ours = Array.from({ length: count }, (_, id) => mujoco.mj_id2name(model, type, id)).join(', ');
    report.expect(`${group} names of ${kind}`, count === theirs.length && ours === theirs.join(', '), `ours: ${ours}`);
  }
}

/** Enumerations are compared by name: their values may move between versions of MuJoCo. */
function checkEnumerations(group: string, mujoco: Mujoco, model: MjModel, reference: ModelFile, report: Report): void {
  const expect = (name: string, ours: readonly string[], theirs: readonly string[]): void =>
    report.expect(`${group} ${name}`, ours.join(', ') === theirs.join(', '), `ours: ${ours.join(', ')}`);
  const { opt } = model;
  expect('integrator_name', [nameOf(mujoco.mjtIntegrator, opt.integrator)], [reference.integrator_name]);
  expect('solver_name', [nameOf(mujoco.mjtSolver, opt.solver)], [reference.solver_name]);
  expect('cone_name', [nameOf(mujoco.mjtCone, opt.cone)], [reference.cone_name]);
  expect('disable_flags_set', flagNames(mujoco.mjtDisableBit, opt.disableflags), reference.disable_flags_set);
  expect('enable_flags_set', flagNames(mujoco.mjtEnableBit, opt.enableflags), reference.enable_flags_set);
  const enumerations: Record<string, object> = {
    geom_type: mujoco.mjtGeom,
    jnt_type: mujoco.mjtJoint,
    sensor_type: mujoco.mjtSensor,
    sensor_objtype: mujoco.mjtObj,
    sensor_needstage: mujoco.mjtStage,
    actuator_trntype: mujoco.mjtTrn,
    actuator_gaintype: mujoco.mjtGain,
    actuator_biastype: mujoco.mjtBias,
    wrap_type: mujoco.mjtWrap,
  };
  for (const [field, theirs] of Object.entries(reference.enum_hints)) {
    const enumeration = enumerations[field] ?? {};
    const ours = Array.from(readModelField(model, field) ?? [NaN], (value) => nameOf(enumeration, value));
    expect(`${field} by name`, ours, theirs);
  }
}

function checkArrays(group: string, model: MjModel, reference: ModelFile, report: Report): void {
  let empty = 0;
  for (const [field, { shape, dtype, data }] of Object.entries(reference.arrays)) {
    if (!hasShape(data, shape)) {
      report.fail(`${group} ${field}`, `its data is not of the shape [${shape.join(', ')}] that it declares`);
      continue;
    }
    const theirs = data.flat(shape.length).map(Number);
    const former = formerField(field, model);
    const ours = former?.values ?? readModelField(model, field);
    if (ours === undefined) {
      report.fail(`${group} ${field}`, 'the compiled model has no such array');
      continue;
    }
    if (former === undefined && dtypeOf(ours) !== dtype) report.fail(`${group} ${field}`, `ours is not ${dtype}`);
    if (theirs.length === 0 && ours.length === 0) {
      empty++;
      continue;
    }
    if (dtype === 'float64')
      report.check(group, field, relativeDifference(ours, theirs), computed, former?.reason ?? computedReason);
    else report.check(group, field, largestDifference(ours, theirs), 0, former?.reason ?? exactReason);
  }
  report.note(`${group}: ${empty} arrays are empty in both`);
}

function hasShape(value: unknown, shape: readonly number[]): boolean {
  const [length, ...rest] = shape;
  if (length === undefined) return typeof value === 'number';
  return Array.isArray(value) && value.length === length && value.every((entry) => hasShape(entry, rest));
}

function dtypeOf(values: ArrayLike<number>): string {
  if (values instanceof Float64Array) return 'float64';
  if (values instanceof Float32Array) return 'float32';
  return values instanceof Int32Array ? 'int32' : 'uint8';
}

/** Largest difference in units of the reference number, or of 1 where that is smaller. */
function relativeDifference(ours: ArrayLike<number>, theirs: readonly number[]): number {
  const unit = theirs.map((entry) => Math.max(1, Math.abs(entry)));
  return largestDifference(
    Array.from(ours, (entry, index) => entry / (unit[index] ?? 1)),
    theirs.map((entry, index) => entry / (unit[index] ?? 1)),
  );
}

/** A number or array as numbers; NaN, which fails every check, for anything else. */
function asNumbers(value: unknown): NumericArray | number[] {
  if (isNumericArray(value)) return value;
  return [typeof value === 'number' ? value : NaN];
}

const memberSchema = z.object({ value: z.number() });

/** Members of an enumeration of the module with their values. */
function members(enumeration: object): [string, number][] {
  return Object.entries(enumeration).flatMap(([name, member]) => {
    // A member is an object with a class of its own: only its value is looked at.
    const value: unknown = typeof member === 'object' && member !== null ? Reflect.get(member, 'value') : undefined;
    const parsed = memberSchema.safeParse({ value });
    return parsed.success ? [[name, parsed.data.value]] : [];
  });
}

function nameOf(enumeration: object, value: number): string {
  return members(enumeration).find(([, candidate]) => candidate === value)?.[0] ?? `unknown ${value}`;
}

function flagNames(enumeration: object, flags: number): string[] {
  return members(enumeration)
    .filter(([name, bit]) => !/^mjN/.test(name) && (flags & bit) !== 0)
    .map(([name]) => name);
}
