import { decode, encode } from '../../shared/codec.ts';
import {
  hostMessageSchema,
  requests,
  type HostClient,
  type HostEvent,
  type RequestInput,
  type RequestName,
  type RequestOutput,
} from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { Listeners } from '../../shared/listeners.ts';
import type { Carrier, CarrierListener } from './carrier.ts';

interface Waiting {
  resolve: (output: unknown) => void;
  reject: (reason: DecantError) => void;
}

export type Connection = { state: 'connecting' } | { state: 'open' } | { state: 'gone'; reason: string };

/**
 * The host over a carrier. While the host is gone, open and new requests fail with HOST_GONE; once it is back they work again, and
 * whoever listens to the connection asks anew for what it shows.
 */
export class RendererClient implements HostClient {
  readonly #carrier: Carrier;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Listeners<HostEvent>();
  readonly #connectionListeners = new Listeners<Connection>();
  #connection: Connection = { state: 'connecting' };
  #nextId = 0;

  constructor(open: (listener: CarrierListener) => Carrier) {
    this.#carrier = open({
      onText: (text) => {
        this.#receive(text);
      },
      onOpen: () => {
        this.#changeConnection({ state: 'open' });
      },
      onGone: (reason) => {
        this.#failAll(reason);
        this.#changeConnection({ state: 'gone', reason });
      },
    });
  }

  /** Errors: HOST_GONE, REQUEST_INVALID, and those of the request itself. */
  async request<Name extends RequestName>(name: Name, input: RequestInput<Name>): Promise<RequestOutput<Name>> {
    const id = this.#nextId;
    this.#nextId += 1;
    const text = encode({ id, name, input });
    const output = await new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.#carrier.send(text)) return;
      this.#waiting.delete(id);
      reject(new DecantError('HOST_GONE', 'there is no connection to it'));
    });
    const checked = requests[name].output.safeParse(output);
    if (!checked.success) throw new DecantError('REQUEST_INVALID', `the answer to ${name} does not fit the contract`);
    // The schema was chosen by the name.
    return checked.data as RequestOutput<Name>;
  }

  subscribe(listener: (event: HostEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Hears the present state at once, and each change. Returns a function that ends the subscription. */
  onConnection(listener: (connection: Connection) => void): () => void {
    const end = this.#connectionListeners.add(listener);
    listener(this.#connection);
    return end;
  }

  close(): Promise<void> {
    this.#carrier.close();
    this.#failAll('this window closed the connection');
    return Promise.resolve();
  }

  #changeConnection(connection: Connection): void {
    this.#connection = connection;
    this.#connectionListeners.tell(connection);
  }

  #failAll(reason: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new DecantError('HOST_GONE', reason));
  }

  #receive(text: string): void {
    let message;
    try {
      message = hostMessageSchema.parse(decode(text));
    } catch {
      // Host and window are of different versions: the requests that are open would wait for ever.
      this.#failAll('it sent something that this window does not understand');
      return;
    }
    if ('event' in message) {
      this.#listeners.tell(message.event);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (waiting === undefined) return;
    if ('error' in message) waiting.reject(new DecantError(message.error.code, message.error.detail));
    else waiting.resolve(message.output);
  }
}
