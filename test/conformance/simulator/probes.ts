import { z } from 'zod';
import { createEnvironment } from '../../../main/sim/environment.ts';
import type { Report } from '../report.ts';
import { largestDifference, numbers, readChecked, type NamedFile } from './files.ts';

const probesSchema = z.object({
  task: z.string(),
  probes: z
    .array(
      z.object({
        model: z.record(z.string(), z.unknown()),
        qpos: numbers,
        qvel: numbers,
        ctrl: numbers,
        obs: numbers,
        reward: z.number(),
        ncon: z.int(),
      }),
    )
    .min(1),
});

const bound = 1e-13;
const reason = 'one forward pass from the same state: last places of sine, cosine and exponential';

/** Observation, reward and number of contacts of each static state. */
export async function checkProbes(file: NamedFile, report: Report): Promise<void> {
  const group = `probes ${file.name}`;
  const content = await readChecked(file.path, probesSchema, group, report);
  if (content === undefined) return;
  report.expect(`${group} task`, content.task === file.name, `the file is about ${content.task}`);
  const environment = await createEnvironment(file.name, 0);
  const { physics, definition } = environment;
  try {
    content.probes.forEach((probe, index) => {
      const name = `state ${index}`;
      if (Object.keys(probe.model).length > 0)
        report.fail(`${group} ${name}`, 'it sets model fields, which no task built here has');
      if (
        probe.qpos.length !== physics.qpos.length ||
        probe.qvel.length !== physics.qvel.length ||
        probe.ctrl.length !== physics.ctrl.length
      ) {
        report.fail(`${group} ${name}`, 'its state is of another model');
        return;
      }
      physics.reset();
      physics.qpos.set(probe.qpos);
      physics.qvel.set(probe.qvel);
      physics.ctrl.set(probe.ctrl);
      physics.forward();
      const observation = largestDifference(definition.observation(physics), probe.obs);
      report.check(group, `${name} observation`, observation, bound, reason);
      report.check(group, `${name} reward`, Math.abs(definition.reward(physics) - probe.reward), bound, reason);
      report.check(group, `${name} ncon`, Math.abs(physics.data.ncon - probe.ncon), 0, 'a count');
    });
  } finally {
    environment.dispose();
  }
}
