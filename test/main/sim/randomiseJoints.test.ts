import { afterEach, expect, it } from 'vitest';
import { loadMujoco } from '../../../main/sim/mujoco.ts';
import { Physics } from '../../../main/sim/physics.ts';
import { randomiseJoints } from '../../../main/sim/randomiseJoints.ts';
import { RandomState } from '../../../main/sim/randomState.ts';

let physics: Physics | undefined;
afterEach(() => {
  physics?.dispose();
  physics = undefined;
});

async function compile(...joints: string[]): Promise<Physics> {
  const mujoco = await loadMujoco();
  const bodies = joints.map((joint) => `<body>${joint}<geom size="0.1"/></body>`).join('');
  physics = new Physics(mujoco, mujoco.MjModel.from_xml_string(`<mujoco><worldbody>${bodies}</worldbody></mujoco>`));
  return physics;
}

it('draws limited joints and unlimited hinges in joint order, and leaves unlimited slides', async () => {
  const robot = await compile(
    '<joint type="slide" limited="true" range="0.5 2"/>',
    '<joint type="slide"/>',
    '<joint type="hinge"/>',
    '<joint type="hinge" limited="true" range="-90 30"/>',
  );
  robot.reset();
  randomiseJoints(robot, new RandomState(3));
  const expected = new RandomState(3);
  const degree = Math.PI / 180;
  const first = expected.uniform(0.5, 2);
  const third = expected.uniform(-Math.PI, Math.PI);
  const last = expected.uniform(-90 * degree, 30 * degree);
  expect([...robot.qpos]).toEqual([first, 0, third, expect.closeTo(last, 14)]);
});

it('turns a free joint without moving it', async () => {
  const robot = await compile('<freejoint/>');
  robot.reset();
  randomiseJoints(robot, new RandomState(3));
  const [x, y, z, ...quaternion] = robot.qpos;
  expect([x, y, z]).toEqual([0, 0, 0]);
  expect(Math.hypot(...quaternion)).toBeCloseTo(1, 14);
  expect(quaternion).not.toEqual([1, 0, 0, 0]);
});

it('refuses a ball joint', async () => {
  const robot = await compile('<joint type="ball" name="shoulder"/>');
  expect(() => randomiseJoints(robot, new RandomState(3))).toThrow(/shoulder/);
});
