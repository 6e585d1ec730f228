import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../../shared/codec.ts';
import { clientMessageSchema, type HostEvent } from '../../../shared/contract.ts';
import type { CarrierListener } from '../../../renderer/host/carrier.ts';
import { RendererClient } from '../../../renderer/host/client.ts';
import { fromBridge } from '../../../renderer/host/bridgeErrors.ts';
import { socketAddress } from '../../../renderer/host/socketAddress.ts';
import { withoutUploadFolder } from '../../../renderer/files/uploadFolder.ts';

function fakeHost() {
  const sent: { id: number; name: string }[] = [];
  let listener: CarrierListener | undefined;
  let open = true;
  const client = new RendererClient((given) => {
    listener = given;
    return {
      send: (text) => {
        if (open) sent.push(clientMessageSchema.parse(decode(text)));
        return open;
      },
      close: () => undefined,
    };
  });
  return {
    client,
    sent,
    say: (message: unknown) => listener?.onText(encode(message)),
    text: (text: string) => listener?.onText(text),
    go: () => {
      open = false;
      listener?.onGone('it was closed');
    },
    come: () => {
      open = true;
      listener?.onOpen();
    },
  };
}

const info = { home: '/library', version: '1' };

describe('the client of the window', () => {
  it('gives each answer to its own request, in whatever order they come', async () => {
    const { client, sent, say } = fakeHost();
    const first = client.request('library.info', {});
    const second = client.request('jobs.list', {});
    say({ id: sent[1]?.id, output: [] });
    say({ id: sent[0]?.id, output: info });
    expect(await first).toEqual(info);
    expect(await second).toEqual([]);
  });

  it('passes failures on with their code, and refuses answers of another shape', async () => {
    const { client, sent, say } = fakeHost();
    const failing = client.request('jobs.get', { id: 'r-1' });
    say({ id: sent[0]?.id, error: { code: 'NOT_FOUND', detail: 'no job is called r-1' } });
    await expect(failing).rejects.toMatchObject({ code: 'NOT_FOUND', detail: 'no job is called r-1' });
    const odd = client.request('library.info', {});
    say({ id: sent[1]?.id, output: { home: 1 } });
    await expect(odd).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('fails open and new requests while the host is gone, and goes on when it is back', async () => {
    const { client, go, come, sent, say } = fakeHost();
    const states: string[] = [];
    client.onConnection(({ state }) => states.push(state));
    come();
    const open = client.request('library.info', {});
    const failed = expect(open).rejects.toMatchObject({ code: 'HOST_GONE' });
    go();
    await failed;
    await expect(client.request('library.info', {})).rejects.toMatchObject({ code: 'HOST_GONE' });
    come();
    const again = client.request('library.info', {});
    say({ id: sent.at(-1)?.id, output: info });
    expect(await again).toEqual(info);
    expect(states).toEqual(['connecting', 'open', 'gone', 'open']);
  });

  it('does not wait for ever for a host that it does not understand', async () => {
    const { client, text } = fakeHost();
    const open = client.request('library.info', {});
    text('{"neither": "answer nor event"}');
    await expect(open).rejects.toMatchObject({ code: 'HOST_GONE' });
  });

  it('tells events to everyone who listens, and no more once they stopped', () => {
    const { client, say } = fakeHost();
    const heard: HostEvent[] = [];
    const end = client.subscribe((event) => heard.push(event));
    say({ event: { type: 'deleted', id: 'r-1' } });
    end();
    say({ event: { type: 'deleted', id: 'r-2' } });
    expect(heard).toEqual([{ type: 'deleted', id: 'r-1' }]);
  });
});

describe('what comes from beside the socket', () => {
  it('is told the host where the page came from, with its token', () => {
    expect(socketAddress('http://127.0.0.1:4321/?token=abc#/runs').href).toBe('ws://127.0.0.1:4321/socket?token=abc');
    expect(socketAddress('https://127.0.0.1/x?token=a').protocol).toBe('wss:');
  });

  it('has its code again after the bridge', () => {
    const wrapped = new Error("Error invoking remote method 'x': Error: DISK_FULL: no room\nleft");
    expect(fromBridge(wrapped)).toMatchObject({ code: 'DISK_FULL', detail: 'no room\nleft' });
    const other = new Error('SOMETHING_ELSE: x');
    expect(fromBridge(other)).toBe(other);
  });

  it('names an uploaded file without the folder of the host', () => {
    const folder = '/home/me/library/uploads/1363ff4e-177f-4d5c-81d8-b1fe897fbb4f/';
    const error = { code: 'FORMAT_UNKNOWN', detail: `${folder}info.json is neither` } as const;
    expect(withoutUploadFolder(error).detail).toBe('info.json is neither');
    expect(withoutUploadFolder({ ...error, detail: '/data/uploads/info.json' }).detail).toBe('/data/uploads/info.json');
  });
});
