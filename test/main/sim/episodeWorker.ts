import { parentPort } from 'node:worker_threads';
import { createEnvironment } from '../../../main/sim/environment.ts';

/** Sends the first step of an episode to whoever started this worker or child process. */
const environment = await createEnvironment('cartpole-balance', 1);
const first = [...environment.reset()];
const { observation, reward } = environment.step([0.5]);
environment.dispose();
const message = { first, observation: [...observation], reward };
if (parentPort === null) process.send?.(message);
else parentPort.postMessage(message);
