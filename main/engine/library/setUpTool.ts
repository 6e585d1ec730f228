import { setUpTensorflow } from '../../setup/setUp.ts';
import { checkBinding } from '../compute/tensorflow/check.ts';
import { type Outcome, type Session } from '../session.ts';

/** Puts a tool into the user's tools folder. A stop ends the programs that run for it; what is done stays done. */
export async function setUpTool(session: Session): Promise<Outcome> {
  const { variant } = session.configuration('setup');
  await session.started(0);
  await setUpTensorflow({
    variant,
    signal: session.signal,
    check: async (folder) => {
      const found = await checkBinding(folder);
      await session.message('info', found.text);
      return found;
    },
    listener: {
      progress: (stage, done, total, unit) => session.progress(stage, done, total, unit),
      message: (text) => session.message('info', text),
    },
  });
  return 'finished';
}
