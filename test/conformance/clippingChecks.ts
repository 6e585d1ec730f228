import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Backend } from '../../main/engine/compute/program.ts';
import { AdamNoise } from './adamNoise.ts';
import { type Digests, digestsSchema } from './digest.ts';
import { type FixtureSet } from './fixtureSet.ts';
import { readJson } from './numbers.ts';
import { agentOf, runUpdate, valuesOf } from './recordedUpdates.ts';
import { checkDigests, checkStatistics } from './updateChecks.ts';

const clipSchema = z.looseObject({
  grad_clip_norm: z.number(),
  stats: z.array(z.record(z.string(), z.number())),
  digest: digestsSchema,
});

/** The same updates with a smaller clipping norm, from clip05.json. */
export async function checkClipping(set: FixtureSet, backend: Backend): Promise<void> {
  const path = join(set.directory, 'clip05.json');
  if (!existsSync(path)) {
    set.report.note(`${set.name} has no clip05.json`);
    return;
  }
  const recorded = clipSchema.parse(readJson(path));
  const agent = agentOf(set, backend, recorded.grad_clip_norm);
  const noise = new AdamNoise(set);
  const seen = new Set<string>();
  for (let update = 0; update < recorded.stats.length; update++) {
    const { metrics, outputs } = await runUpdate(set, backend, agent, update);
    checkStatistics(set, 'clip05_stats', update, recorded.stats[update] ?? {}, metrics);
    noise.add(update, outputs);
    const key = `after_${update + 1}`;
    const entries = recorded.digest[key];
    if (entries === undefined) continue;
    seen.add(key);
    const values = await valuesOf(agent);
    const weights: Digests[string] = {};
    const moments: Digests[string] = {};
    for (const [name, digest] of Object.entries(entries))
      if (name.startsWith('param.')) weights[name.slice('param.'.length)] = digest;
      else moments[name] = digest;
    checkDigests(set, `weights_${key}`, weights, values, noise);
    checkDigests(set, `adam_${key}`, moments, values, noise);
  }
  for (const key of Object.keys(recorded.digest))
    if (!seen.has(key)) set.report.fail(`${set.name}/clip05 ${key}`, 'no update leads to it');
  agent.dispose();
}
