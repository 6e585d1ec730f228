import type { Physics } from '../physics.ts';
import { randomiseJoints } from '../randomiseJoints.ts';
import type { TaskDefinition } from '../taskDefinition.ts';
import { tolerance } from '../tolerance.ts';

const shared = {
  model: 'pendulum',
  substeps: 1,
  initialiseEpisode: randomiseJoints,
  observation(physics: Physics): number[] {
    const { cosine, sine } = poleOrientation(physics);
    return [cosine, sine, ...physics.qvel];
  },
} as const;

/** Angle from upright: zz and xz of the pole's rotation. */
function poleOrientation(physics: Physics): { cosine: number; sine: number } {
  const rotation = physics.bodyRotation('pole');
  return { cosine: rotation[8] ?? NaN, sine: rotation[2] ?? NaN };
}

/** Within 8 degrees of upright. */
const uprightCosine = Math.cos((8 * Math.PI) / 180);
/** Radians a second. */
const spinSpeed = 9;

export const pendulumTasks: readonly TaskDefinition[] = [
  {
    ...shared,
    name: 'pendulum-swingup',
    reward: (physics) => tolerance(poleOrientation(physics).cosine, { bounds: [uprightCosine, 1] }),
  },
  {
    ...shared,
    name: 'pendulum-spin',
    reward: (physics) =>
      tolerance(Math.abs(physics.qvel[0] ?? NaN), {
        bounds: [spinSpeed, Infinity],
        margin: spinSpeed / 2,
        sigmoid: 'linear',
        valueAtMargin: 0.5,
      }),
  },
];
