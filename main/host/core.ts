import { type z } from 'zod';
import { eventSchema, requests, type HostEvent, type RequestName, type RequestOutput } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { Listeners } from '../../shared/listeners.ts';

/** What a handler gets: the input after the contract's schema filled its defaults. */
export type CheckedInput<Name extends RequestName> = z.output<(typeof requests)[Name]['input']>;

export type Handlers = {
  readonly [Name in RequestName]: (input: CheckedInput<Name>) => Promise<RequestOutput<Name>> | RequestOutput<Name>;
};

/** What every transport speaks to. */
export interface HostCore {
  /**
   * Answers a request of the contract; input and output are checked here, at the edge.
   * Errors: REQUEST_INVALID for an unknown name or a shape that does not fit, UNAUTHORISED for a trusted request from elsewhere,
   * and those of the request itself.
   */
  answer(name: string, input: unknown, trusted: boolean): Promise<unknown>;
  subscribe(listener: (event: HostEvent) => void): () => void;
}

/** Pushes events to whoever listens; a listener that throws does not keep the others from hearing. */
export class EventHub {
  readonly #listeners: Listeners<HostEvent>;
  readonly #onFailure: (thrown: unknown) => void;

  constructor(onFailure: (thrown: unknown) => void = () => undefined) {
    this.#listeners = new Listeners(onFailure);
    this.#onFailure = onFailure;
  }

  publish(event: HostEvent): void {
    const checked = eventSchema.safeParse(event);
    // Whoever publishes goes on with its work: news that does not fit is not worth stopping a job.
    if (checked.success) this.#listeners.tell(checked.data);
    else this.#onFailure(checked.error);
  }

  subscribe(listener: (event: HostEvent) => void): () => void {
    return this.#listeners.add(listener);
  }
}

export function createHostCore(handlers: Handlers, events: EventHub): HostCore {
  return {
    subscribe: (listener) => events.subscribe(listener),
    answer: async (name, input, trusted) => {
      requireAllowed(name, trusted);
      return answerChecked(name, input, handlers[name]);
    },
  };
}

function isRequestName(name: string): name is RequestName {
  return Object.hasOwn(requests, name);
}

/** Errors: REQUEST_INVALID for an unknown name, UNAUTHORISED for a trusted request from elsewhere. */
export function requireAllowed(name: string, trusted: boolean): asserts name is RequestName {
  if (!isRequestName(name)) throw new DecantError('REQUEST_INVALID', `there is no request "${name.slice(0, 100)}"`);
  if (!trusted && 'trusted' in requests[name])
    throw new DecantError('UNAUTHORISED', `"${name}" is answered only on this machine's own socket`);
}

async function answerChecked<Name extends RequestName>(
  name: Name,
  input: unknown,
  handler: Handlers[Name],
): Promise<unknown> {
  const given = requests[name].input.safeParse(input);
  if (!given.success) throw new DecantError('REQUEST_INVALID', `${name}: ${firstIssue(given.error)}`);
  const output = await handler(given.data as CheckedInput<Name>);
  const answered = requests[name].output.safeParse(output);
  if (!answered.success)
    throw new DecantError('INTERNAL', `the answer to ${name} does not fit the contract: ${firstIssue(answered.error)}`);
  return answered.data;
}

/** A value that came over a wire, as the contract says the request answers. Errors: REQUEST_INVALID. */
export function checkedOutput<Name extends RequestName>(name: Name, output: unknown): RequestOutput<Name> {
  const checked = requests[name].output.safeParse(output);
  if (!checked.success)
    throw new DecantError('REQUEST_INVALID', `the answer to ${name} does not fit: ${firstIssue(checked.error)}`);
  return checked.data as RequestOutput<Name>;
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'unknown issue';
  const path = issue.path.map(String).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
