import type { MjData, MjModel } from '@mujoco/mujoco';
import { compileModel, float64View, loadMujoco, type ModelName, type Mujoco } from './mujoco.ts';

export interface Joint {
  readonly kind: 'free' | 'ball' | 'slide' | 'hinge';
  readonly name: string;
  /** Position of its first coordinate in qpos. */
  readonly qposAddress: number;
  /** Lower and upper bound in metres or radians; undefined where the joint is unlimited. */
  readonly range: readonly [number, number] | undefined;
}

/**
 * A compiled model with its state, stepped as dm_control steps it. It owns both WASM handles: call `dispose()`.
 * Arrays are views into WASM memory, taken anew at each access.
 */
export class Physics {
  readonly mujoco: Mujoco;
  readonly model: MjModel;
  readonly data: MjData;
  readonly joints: readonly Joint[];
  readonly #bodyIds: ReadonlyMap<string, number>;
  readonly #rungeKutta: boolean;
  readonly #actuationFlag: number;

  /** Takes over `model`. Most callers want `loadPhysics`. */
  constructor(mujoco: Mujoco, model: MjModel) {
    this.mujoco = mujoco;
    this.model = model;
    this.data = new mujoco.MjData(model);
    this.joints = readJoints(model);
    this.#bodyIds = new Map(
      Array.from({ length: model.nbody }, (_, id) => [
        mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_BODY.value, id),
        id,
      ]),
    );
    this.#rungeKutta = model.opt.integrator === mujoco.mjtIntegrator.mjINT_RK4.value;
    this.#actuationFlag = mujoco.mjtDisableBit.mjDSBL_ACTUATION.value;
  }

  get qpos(): Float64Array {
    return float64View(this.data.qpos);
  }

  get qvel(): Float64Array {
    return float64View(this.data.qvel);
  }

  /** The last controls as they were given: MuJoCo clamps them only when it computes forces. */
  get ctrl(): Float64Array {
    return float64View(this.data.ctrl);
  }

  /** World rotation of a body, (3, 3) row-major; its columns are the body's axes. RangeError for an unknown name. */
  bodyRotation(body: string): Float64Array {
    const id = this.#bodyId(body);
    return float64View(this.data.xmat).subarray(9 * id, 9 * id + 9);
  }

  /** Default state, then every derived quantity, without forces of the actuators. */
  reset(): void {
    this.mujoco.mj_resetData(this.model, this.data);
    this.forwardWithoutActuation();
  }

  /** Every quantity that follows from the state. */
  forward(): void {
    const { data } = this;
    this.mujoco.mj_forward(this.model, data);
    // MuJoCo 3.1.2, which the tasks are measured with, did this itself: the first step's solver starts from here.
    float64View(data.qacc_warmstart).set(float64View(data.qacc));
  }

  forwardWithoutActuation(): void {
    const { opt } = this.model;
    const flags = opt.disableflags;
    opt.disableflags = flags | this.#actuationFlag;
    try {
      this.forward();
    } finally {
      opt.disableflags = flags;
    }
  }

  /**
   * One control step of `substeps` physics steps (dm_control's legacy step). Quantities of position and velocity
   * belong to the new state afterwards, those of acceleration are one physics step old.
   */
  step(substeps: number): void {
    const { mujoco, model, data } = this;
    let remaining = substeps;
    if (!this.#rungeKutta) {
      // The position and velocity stages of this state were computed by the last step: only the rest is due.
      mujoco.mj_step2(model, data);
      remaining--;
    }
    for (; remaining > 0; remaining--) mujoco.mj_step(model, data);
    mujoco.mj_step1(model, data);
  }

  dispose(): void {
    this.data.delete();
    this.model.delete();
  }

  #bodyId(body: string): number {
    const id = this.#bodyIds.get(body);
    if (id === undefined) throw new RangeError(`the model has no body "${body}"`);
    return id;
  }
}

/** Compiles a model of resources/models and makes its state. */
export async function loadPhysics(name: ModelName): Promise<Physics> {
  return new Physics(await loadMujoco(), await compileModel(name));
}

/** mjtJoint, by value. */
const jointKinds = ['free', 'ball', 'slide', 'hinge'] as const;

function readJoints(model: MjModel): Joint[] {
  return Array.from({ length: model.njnt }, (_, id) => {
    // The arrays of booleans cannot be read from the model itself, only through the accessor of one joint.
    const accessor = model.jnt(id);
    try {
      const kind = jointKinds[Number(accessor.type)];
      if (kind === undefined) throw new RangeError(`joint "${accessor.name}" is of an unknown type`);
      const [lower = NaN, upper = NaN] = float64View(accessor.range);
      return {
        kind,
        name: accessor.name,
        qposAddress: Number(accessor.qposadr),
        range: accessor.limited === true ? ([lower, upper] as const) : undefined,
      };
    } finally {
      accessor.delete();
    }
  });
}
