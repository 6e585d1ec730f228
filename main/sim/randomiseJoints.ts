import type { Physics } from './physics.ts';
import type { RandomState } from './randomState.ts';

/**
 * dm_control's rule for random initial poses, in joint order: a limited joint anywhere in its range, an unlimited
 * hinge at any angle, an unlimited slide untouched, of a free joint the orientation alone. Writes qpos only.
 * @throws RangeError for a ball joint, which no model of MT30 has.
 */
export function randomiseJoints(physics: Physics, random: RandomState): void {
  const { qpos } = physics;
  for (const joint of physics.joints) {
    const { kind, name, qposAddress, range } = joint;
    switch (kind) {
      case 'slide':
        if (range !== undefined) qpos[qposAddress] = random.uniform(...range);
        break;
      case 'hinge':
        qpos[qposAddress] = random.uniform(...(range ?? [-Math.PI, Math.PI]));
        break;
      case 'free':
        qpos.set(randomQuaternion(random), qposAddress + 3);
        break;
      case 'ball':
        throw new RangeError(`joint "${name}" is a ball joint: no rule for it`);
    }
  }
}

/** A uniformly distributed rotation as a unit quaternion (w, x, y, z): a normalised draw from N(0, 1)^4. */
function randomQuaternion(random: RandomState): number[] {
  const draw = random.normals(4);
  const norm = Math.sqrt(draw.reduce((sum, entry) => sum + entry * entry, 0));
  return draw.map((entry) => entry / norm);
}
