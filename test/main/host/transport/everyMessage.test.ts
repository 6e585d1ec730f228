import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eventSchema,
  requests,
  type HostClient,
  type HostEvent,
  type RequestName,
} from '../../../../shared/contract.ts';
import { DecantError, errorCatalogue, type ErrorCode } from '../../../../shared/errors.ts';
import { createHostCore, EventHub, type Handlers } from '../../../../main/host/core.ts';
import { createInProcessClient } from '../../../../main/host/transport/client.ts';
import { createSocketAddress, listenOnLocalSocket } from '../../../../main/host/transport/localSocket.ts';
import { serveWeb } from '../../../../main/host/transport/serve.ts';
import { connectToHost } from '../../../../main/host/transport/socketClient.ts';
import { connectToWebHost } from '../../../../main/host/transport/webClient.ts';
import { arbitraryOf } from '../arbitrary.ts';

/** What the handlers below heard last, and what they will answer. */
let heard: unknown;
let answer: unknown;
const names = Object.keys(requests) as RequestName[];
const handlers = Object.fromEntries(
  names.map((name) => [
    name,
    (input: unknown) => {
      heard = input;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  ]),
) as unknown as Handlers;
const events = new EventHub();
const core = createHostCore(handlers, events);

const clients: Record<string, HostClient> = {};
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const address = createSocketAddress();
  const local = await listenOnLocalSocket(core, address);
  const web = await serveWeb(core, { home: '/library' });
  clients['in process'] = createInProcessClient(core);
  clients['local socket'] = await connectToHost(address);
  clients['WebSocket'] = await connectToWebHost(web.url);
  closers.push(...Object.values(clients).map((client) => () => client.close()));
  closers.push(
    () => local.close(),
    () => web.close(),
  );
});
afterAll(async () => {
  for (const close of closers) await close();
});

function client(transport: string): HostClient {
  const found = clients[transport];
  if (found === undefined) throw new Error(`no transport ${transport}`);
  return found;
}

/** The same request, its names loosened: the property is about values, not types. */
function ask(transport: string, name: RequestName, input: unknown): Promise<unknown> {
  return (client(transport).request as (name: string, input: unknown) => Promise<unknown>).call(
    client(transport),
    name,
    input,
  );
}

describe.each(['in process', 'local socket', 'WebSocket'])('%s', (transport) => {
  const reachable = names.filter((name) => transport !== 'WebSocket' || !('trusted' in requests[name]));

  it.each(reachable)('carries %s unchanged', async (name) => {
    await fc.assert(
      fc.asyncProperty(arbitraryOf(requests[name].input), arbitraryOf(requests[name].output), async (input, output) => {
        answer = output;
        const received = await ask(transport, name, input);
        expect(heard).toStrictEqual(requests[name].input.parse(input));
        expect(received).toStrictEqual(requests[name].output.parse(output));
      }),
      { numRuns: 12 },
    );
  });

  it('carries every error', async () => {
    for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
      answer = new DecantError(code, `about ${code}\n“x”`);
      await expect(ask(transport, 'jobs.list', {})).rejects.toMatchObject({ code, detail: `about ${code}\n“x”` });
    }
  });

  it('carries every event, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryOf(eventSchema), { minLength: 1, maxLength: 5 }), async (sent) => {
        const received: HostEvent[] = [];
        await new Promise<void>((resolve) => {
          const unsubscribe = client(transport).subscribe((event) => {
            received.push(event);
            if (received.length < sent.length) return;
            unsubscribe();
            resolve();
          });
          for (const event of sent) events.publish(event as HostEvent);
        });
        expect(received).toStrictEqual(sent.map((event) => eventSchema.parse(event)));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps special numbers of metrics', async () => {
    const steps = new Float64Array([1, 2, 3, 4]);
    const column = new Float64Array([Number.NaN, Infinity, -Infinity, -0]);
    answer = [{ metric: 'loss', pointsPerBin: 1, steps, last: column, min: column, max: column }];
    expect(await ask(transport, 'metrics.read', { id: 'j-1' })).toStrictEqual(answer);
  });

  it('refuses what the contract does not know', async () => {
    answer = {};
    await expect(ask(transport, 'toString' as RequestName, {})).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(ask(transport, 'jobs.get', { id: 3 })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(ask(transport, 'jobs.list', { more: 1 })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('refuses an answer that does not fit', async () => {
    answer = { home: 3 };
    await expect(ask(transport, 'library.info', {})).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

it('does not stop whoever publishes news that nobody can read', () => {
  const failures: unknown[] = [];
  const hub = new EventHub((thrown) => failures.push(thrown));
  const heardHere: HostEvent[] = [];
  hub.subscribe(() => {
    throw new Error('a listener of no use');
  });
  hub.subscribe((event) => heardHere.push(event));
  hub.publish({ type: 'deleted', id: 3 } as unknown as HostEvent);
  hub.publish({ type: 'deleted', id: 'c-1' });
  expect(heardHere).toEqual([{ type: 'deleted', id: 'c-1' }]);
  expect(failures).toHaveLength(2);
});

it('keeps trusted requests from a browser', async () => {
  heard = undefined;
  answer = { grant: 'g' };
  const input = { paths: ['/etc/passwd'], use: 'read' };
  await expect(ask('WebSocket', 'grants.create', input)).rejects.toMatchObject({ code: 'UNAUTHORISED' });
  expect(heard).toBeUndefined();
});
