import { decode, encode } from '../../../shared/codec.ts';
import {
  hostMessageSchema,
  type HostClient,
  type HostEvent,
  type RequestInput,
  type RequestName,
  type RequestOutput,
} from '../../../shared/contract.ts';
import { DecantError } from '../../../shared/errors.ts';
import { checkedOutput, EventHub, type HostCore } from '../core.ts';
import { type TextChannel } from './channel.ts';

/** A client in the host's own process: no wire, but the same checks. */
export function createInProcessClient(
  core: HostCore,
  close: () => Promise<void> = () => Promise.resolve(),
): HostClient {
  return {
    request: async (name, input) => checkedOutput(name, await core.answer(name, input, true)),
    subscribe: (listener) => core.subscribe(listener),
    close,
  };
}

interface Waiting {
  resolve: (output: unknown) => void;
  reject: (reason: DecantError) => void;
}

/**
 * A client behind a wire. When the wire ends, open and later requests fail with HOST_GONE; `onGone` is called unless this side closed it.
 */
export class ChannelClient implements HostClient {
  readonly #channel: TextChannel;
  readonly #waiting = new Map<number, Waiting>();
  readonly #events = new EventHub();
  #gone: DecantError | undefined;
  #closing = false;
  #nextId = 0;

  constructor(channel: TextChannel, onGone?: () => void) {
    this.#channel = channel;
    channel.onText((text) => {
      this.#receive(text);
    });
    channel.onClose((cause) => {
      this.#gone = new DecantError('HOST_GONE', cause?.message ?? 'the connection to it was closed');
      for (const { reject } of this.#waiting.values()) reject(this.#gone);
      this.#waiting.clear();
      if (!this.#closing) onGone?.();
    });
  }

  async request<Name extends RequestName>(name: Name, input: RequestInput<Name>): Promise<RequestOutput<Name>> {
    if (this.#gone !== undefined) throw this.#gone;
    const id = this.#nextId;
    this.#nextId += 1;
    const text = encode({ id, name, input });
    const output = await new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#channel.send(text);
    });
    return checkedOutput(name, output);
  }

  subscribe(listener: (event: HostEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  close(): Promise<void> {
    this.#closing = true;
    return this.#channel.close();
  }

  #receive(text: string): void {
    let message;
    try {
      message = hostMessageSchema.parse(decode(text));
    } catch {
      // A host that speaks another language cannot be trusted with the next message either.
      void this.#channel.close();
      return;
    }
    if ('event' in message) {
      this.#events.publish(message.event);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (waiting === undefined) return;
    if ('error' in message) waiting.reject(new DecantError(message.error.code, message.error.detail));
    else waiting.resolve(message.output);
  }
}
