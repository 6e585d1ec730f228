/** A process that listens for its host only after that has gone, as an engine does that is still loading: ends with 7 once it heard. */
import { openHostPort } from '../../../main/engine/hostPort.ts';

while (process.connected) await new Promise((resolve) => setTimeout(resolve, 5));
openHostPort().onGone(() => process.exit(7));
