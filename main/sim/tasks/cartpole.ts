import type { Physics } from '../physics.ts';
import type { RandomState } from '../randomState.ts';
import type { TaskDefinition } from '../taskDefinition.ts';
import { tolerance } from '../tolerance.ts';

const shared = {
  model: 'cartpole',
  substeps: 1,
  observation(physics: Physics): number[] {
    const { cosine, sine } = poleOrientation(physics);
    return [cartPosition(physics), cosine, sine, ...physics.qvel];
  },
} as const;

function cartPosition(physics: Physics): number {
  return physics.qpos[0] ?? NaN;
}

/** Angle from upright: zz and xz of the pole's rotation. */
function poleOrientation(physics: Physics): { cosine: number; sine: number } {
  const rotation = physics.bodyRotation('pole_1');
  return { cosine: rotation[8] ?? NaN, sine: rotation[2] ?? NaN };
}

function startUpright(physics: Physics, random: RandomState): void {
  const { qpos } = physics;
  qpos[0] = random.uniform(-0.1, 0.1);
  qpos[1] = random.uniform(-0.034, 0.034);
  startAlmostAtRest(physics, random);
}

function startHanging(physics: Physics, random: RandomState): void {
  const { qpos } = physics;
  qpos[0] = 0.01 * random.normal();
  qpos[1] = Math.PI + 0.01 * random.normal();
  startAlmostAtRest(physics, random);
}

function startAlmostAtRest(physics: Physics, random: RandomState): void {
  physics.qvel.set(random.normals(physics.model.nv).map((draw) => 0.01 * draw));
}

/** Upright, near the middle of the rail, with little force and little swinging: a product of four factors. */
function smoothReward(physics: Physics): number {
  const upright = (poleOrientation(physics).cosine + 1) / 2;
  const centered = (1 + tolerance(cartPosition(physics), { bounds: [0, 0], margin: 2 })) / 2;
  const control = physics.ctrl[0] ?? NaN;
  const smallControl =
    (4 + tolerance(control, { bounds: [0, 0], margin: 1, sigmoid: 'quadratic', valueAtMargin: 0 })) / 5;
  const smallVelocity = (1 + tolerance(physics.qvel[1] ?? NaN, { bounds: [0, 0], margin: 5 })) / 2;
  return upright * smallControl * smallVelocity * centered;
}

function sparseReward(physics: Physics): number {
  const centered = tolerance(cartPosition(physics), { bounds: [-0.25, 0.25] });
  return centered * tolerance(poleOrientation(physics).cosine, { bounds: [0.995, 1] });
}

export const cartpoleTasks: readonly TaskDefinition[] = [
  { ...shared, name: 'cartpole-balance', initialiseEpisode: startUpright, reward: smoothReward },
  { ...shared, name: 'cartpole-balance-sparse', initialiseEpisode: startUpright, reward: sparseReward },
  { ...shared, name: 'cartpole-swingup', initialiseEpisode: startHanging, reward: smoothReward },
  { ...shared, name: 'cartpole-swingup-sparse', initialiseEpisode: startHanging, reward: sparseReward },
];
