import { type Backend } from '../../main/engine/compute/program.ts';
import { checkFilesAgainstDigests, readDigests } from './digest.ts';
import { checkClipping } from './clippingChecks.ts';
import { FixtureSet } from './fixtureSet.ts';
import { checkForward } from './forwardChecks.ts';
import { checkPlans } from './planChecks.ts';
import { type Report } from './report.ts';
import { updateCount } from './recordedUpdates.ts';
import { checkUpdates } from './updateChecks.ts';

/** Checks every tensor and figure of one folder of fixtures; says which files it lacks. */
export async function checkFixtures(directory: string, backend: Backend, report: Report): Promise<void> {
  const set = await FixtureSet.open(directory, report);
  set.checkFiles();
  await checkContents(set, backend);
}

/** The tensors of an opened set, without the hashes of its files. */
export async function checkContents(set: FixtureSet, backend: Backend): Promise<void> {
  const digests = readDigests(set);
  checkFilesAgainstDigests(set, digests);
  if (set.has('forward')) await checkForward(set, backend);
  if (updateCount(set) > 0) {
    await checkUpdates(set, backend, digests);
    await checkClipping(set, backend);
    for (const name of set.tensors('weights_init').keys()) set.markJudged('weights_init', name);
  }
  if (set.has('mppi')) await checkPlans(set, backend);
  set.checkAllJudged();
}
