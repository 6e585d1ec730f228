import { listInstallations } from '../../../../../main/engine/compute/tensorflow/load.ts';
import { skipOrFail } from '../../../../e2e/support/requirements.ts';

/**
 * Whether a TensorFlow is here: what `decant doctor --setup tensorflow` built in the tools folder (DECANT_TOOLS), or an npm package. Says why these
 * tests are skipped where there is none; with DECANT_REQUIRE=tensorflow that is a failure.
 */
export function isTensorflowHere(): boolean {
  if (listInstallations().length > 0) return true;
  skipOrFail('tensorflow', 'none is set up; `npm run decant -- doctor --setup tensorflow` does it');
  return false;
}
