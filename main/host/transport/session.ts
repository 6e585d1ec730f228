import { clientMessageSchema } from '../../../shared/contract.ts';
import { decode, encode } from '../../../shared/codec.ts';
import { DecantError, toErrorReport } from '../../../shared/errors.ts';
import { type HostCore } from '../core.ts';
import { type TextChannel } from './channel.ts';

/** A client that has this many questions open has lost count. */
const mostOpenRequests = 256;

/**
 * Serves one connected client until its channel closes: answers its requests and pushes every event.
 * A message that is no envelope ends the connection, since no answer could name it.
 */
export function serveChannel(core: HostCore, channel: TextChannel, trusted: boolean): void {
  let open = 0;
  const unsubscribe = core.subscribe((event) => {
    channel.send(encode({ event }));
  });
  channel.onClose(unsubscribe);
  channel.onText((text) => {
    const message = readEnvelope(text);
    if (message === undefined) {
      void channel.close();
      return;
    }
    const { id, name, input } = message;
    const reply = (answer: { output: unknown } | { error: unknown }): void => {
      channel.send(encode({ id, ...answer }));
    };
    if (open >= mostOpenRequests) {
      reply({ error: toErrorReport(new DecantError('REQUEST_INVALID', 'too many requests are open at once')) });
      return;
    }
    open += 1;
    core
      .answer(name, input, trusted)
      .then((output) => {
        reply({ output });
      })
      .catch((thrown: unknown) => {
        reply({ error: toErrorReport(thrown) });
      })
      .finally(() => {
        open -= 1;
      });
  });
}

function readEnvelope(text: string): { id: number; name: string; input: unknown } | undefined {
  try {
    const { id, name, input } = clientMessageSchema.parse(decode(text));
    return { id, name, input };
  } catch {
    return undefined;
  }
}
