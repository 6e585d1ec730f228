import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { EventHub, type HostCore } from '../../../../main/host/core.ts';
import { largestClientMessage } from '../../../../main/host/transport/channel.ts';
import { createSocketAddress, listenOnLocalSocket } from '../../../../main/host/transport/localSocket.ts';
import { serveWeb, type WebServer } from '../../../../main/host/transport/serve.ts';
import { connectToHost } from '../../../../main/host/transport/socketClient.ts';
import { connectToWebHost } from '../../../../main/host/transport/webClient.ts';

let asked = 0;
const events = new EventHub();
const core: HostCore = {
  answer: () => {
    asked += 1;
    return Promise.resolve({});
  },
  subscribe: (listener) => events.subscribe(listener),
};

let web: WebServer;
beforeAll(async () => {
  web = await serveWeb(core, { home: '/a <library>', window: '/there is no window' });
});
afterAll(() => web.close());

interface HttpAnswer {
  status: number;
  body: string;
  headers: Record<string, unknown>;
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: web.port, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('HTTP', () => {
  it('answers the page to whoever has the token, with the headers that keep it safe', async () => {
    const answer = await get(`/?token=${web.token}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('decant train --preset quick');
    expect(answer.body).toContain('/a &#60;library&#62;');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
    expect(answer.headers['x-frame-options']).toBe('DENY');
    expect((await get('/', { authorization: `Bearer ${web.token}` })).status).toBe(200);
  });

  it.each([
    ['no token', '/', {}, 401],
    ['a wrong token', '/?token=abc', {}, 401],
    ['a wrong Host', '/?token=TOKEN', { host: 'decant.example:80' }, 403],
    ['a Host with another port', '/?token=TOKEN', { host: '127.0.0.1:1' }, 403],
    ['a foreign Origin', '/?token=TOKEN', { origin: 'https://decant.example' }, 403],
    ['another local Origin', '/?token=TOKEN', { origin: 'http://127.0.0.1:1' }, 403],
    ['a null Origin', '/?token=TOKEN', { origin: 'null' }, 403],
    ['another address', '/package.json?token=TOKEN', {}, 404],
    ['an escape', '/../../etc/passwd?token=TOKEN', {}, 404],
  ])('refuses %s', async (_, path, headers, status) => {
    expect((await get(path.replace('TOKEN', web.token), headers)).status).toBe(status);
  });

  it('takes neither other methods nor a body', async () => {
    expect((await get(`/?token=${web.token}`, {}, 'POST', 'a=1')).status).toBe(405);
    expect((await get(`/?token=${web.token}`, { 'content-length': '3' }, 'GET', 'abc')).status).toBe(413);
  });
});

/** How an attempt to open a WebSocket ends: its status, or 101. */
function upgrade(path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${web.port}${path}`, { headers });
    socket.on('error', () => undefined);
    socket.on('open', () => {
      socket.close();
      resolve(101);
    });
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
    });
  });
}

describe('WebSocket', () => {
  it.each([
    ['the token', '/socket?token=TOKEN', {}, 101],
    ['its own Origin', '/socket?token=TOKEN', { origin: 'http://127.0.0.1:PORT' }, 101],
    ['no token', '/socket', {}, 401],
    ['a wrong token', '/socket?token=TOKENx', {}, 401],
    ['a wrong Host', '/socket?token=TOKEN', { host: 'decant.example' }, 403],
    ['a foreign Origin', '/socket?token=TOKEN', { origin: 'https://decant.example' }, 403],
    ['another address', '/?token=TOKEN', {}, 404],
  ])('with %s: %s', async (_, path, headers, status) => {
    const own = Object.entries(headers).map(([key, value]) => [key, value.replace('PORT', String(web.port))] as const);
    expect(await upgrade(path.replace('TOKEN', web.token), Object.fromEntries(own))).toBe(status);
  });

  it('tells a client with a wrong token', async () => {
    await expect(connectToWebHost(web.url.slice(0, -1))).rejects.toMatchObject({ code: 'UNAUTHORISED' });
  });

  it.each([
    ['a message that is too large', 'x'.repeat(largestClientMessage + 1), 1009],
    ['a text that is no message', '{"id":', 1000],
    ['a message with more keys', '{"id":1,"name":"jobs.list","input":{},"more":1}', 1000],
    ['a binary message', Buffer.from('{"id":1,"name":"jobs.list","input":{}}'), 1003],
  ])('ends at %s', async (_, message, code) => {
    asked = 0;
    const socket = new WebSocket(web.url.replace('http', 'ws').replace('/?', '/socket?'));
    await once(socket, 'open');
    socket.on('error', () => undefined);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send(message);
    expect(await closed).toBe(code);
    expect(asked).toBe(0);
  });

  it('listens on 127.0.0.1 alone', async () => {
    expect(new URL(web.url).hostname).toBe('127.0.0.1');
    const other = connect({ host: '::1', port: web.port });
    await expect(once(other, 'connect')).rejects.toThrow();
  });
});

describe('local socket', () => {
  it('lies in a folder of this user alone and is gone after closing', async () => {
    const address = createSocketAddress();
    const server = await listenOnLocalSocket(core, address);
    expect(lstatSync(dirname(address)).mode & 0o777).toBe(0o700);
    await server.close();
    expect(() => lstatSync(dirname(address))).toThrow(/ENOENT/);
  });

  it.each([
    ['a line that is too long', `${'x'.repeat(largestClientMessage + 1)}\n`],
    ['a line that never ends', 'x'.repeat(largestClientMessage + 1)],
    ['a text that is no message', 'hello\n'],
  ])('ends at %s', async (_, text) => {
    const address = createSocketAddress();
    const server = await listenOnLocalSocket(core, address);
    asked = 0;
    const socket = connect(address);
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    socket.write(text);
    await closed;
    expect(asked).toBe(0);
    await server.close();
  });

  it('reads messages however they are cut', async () => {
    const address = createSocketAddress();
    const server = await listenOnLocalSocket(core, address);
    const socket = connect(address);
    const lines: string[] = [];
    let pending = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      pending += text;
      lines.push(...pending.split('\n').slice(0, -1));
      pending = pending.slice(pending.lastIndexOf('\n') + 1);
    });
    const messages = '{"id":1,"name":"jöbs","input":{}}\n{"id":2,"name":"jobs.list","input":{}}\n';
    for (const byte of Buffer.from(messages)) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => lines).toEqual(['{"id":1,"output":{}}', '{"id":2,"output":{}}']);
    socket.destroy();
    await server.close();
  });

  it('tells a client that the host has gone', async () => {
    const address = createSocketAddress();
    const slow: HostCore = { ...core, answer: () => new Promise(() => undefined) };
    const server = await listenOnLocalSocket(slow, address);
    const onGone = vi.fn();
    const client = await connectToHost(address, onGone);
    const open = client.request('jobs.list', {});
    const failed = expect(open).rejects.toMatchObject({ code: 'HOST_GONE' });
    await server.close();
    await failed;
    expect(onGone).toHaveBeenCalledOnce();
    await expect(client.request('jobs.list', {})).rejects.toMatchObject({ code: 'HOST_GONE' });
    await expect(connectToHost(address)).rejects.toMatchObject({ code: 'HOST_GONE' });
  });

  it('tells nobody that it has gone who hung up himself', async () => {
    const address = createSocketAddress();
    const server = await listenOnLocalSocket(core, address);
    const onGone = vi.fn();
    const client = await connectToHost(address, onGone);
    await client.close();
    await expect(client.request('jobs.list', {})).rejects.toMatchObject({ code: 'HOST_GONE' });
    expect(onGone).not.toHaveBeenCalled();
    await server.close();
  });
});

it('a one-time address leads to the token once, never a foreign page', async () => {
  const { pathname, search } = new URL(web.oneTimeUrl());
  const path = `${pathname}${search}`;
  const own = { host: `127.0.0.1:${web.port}` };
  expect((await get(path, { host: 'evil.example' })).status).toBe(403);
  expect((await get(path, { ...own, origin: 'http://evil.example' })).status).toBe(403);
  expect((await get('/open?ticket=guessed', own)).status).toBe(401);
  expect((await get('/open', own)).status).toBe(401);
  expect(await get(path, own)).toMatchObject({ status: 303, headers: { location: `/?token=${web.token}` } });
  expect(await get(path, own)).toMatchObject({ status: 401 });
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const late = new URL(web.oneTimeUrl());
    vi.setSystemTime(Date.now() + 61_000);
    expect((await get(`${late.pathname}${late.search}`, own)).status).toBe(401);
  } finally {
    vi.useRealTimers();
  }
});
