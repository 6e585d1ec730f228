import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectToRunningHost } from '../../../main/host/connection.ts';
import { type HostCore } from '../../../main/host/core.ts';
import { acquireLock } from '../../../main/host/lock.ts';
import { createLineChannel } from '../../../main/host/transport/lineChannel.ts';
import { createSocketAddress, removeSocketAddress } from '../../../main/host/transport/localSocket.ts';
import { serveChannel } from '../../../main/host/transport/session.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('a host that takes a connection and ends is not gone through, the next one is', async () => {
  const home = temporaryFolder();
  const core: HostCore = {
    answer: () => Promise.resolve({ home, version: '0' }),
    subscribe: () => () => undefined,
  };
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    // The first connection meets a host that has just begun to end.
    if (sockets.length === 1) socket.destroy();
    else serveChannel(core, createLineChannel(socket, 1000), true);
  });
  const address = createSocketAddress();
  await new Promise<void>((resolve) => server.listen(address, resolve));
  const lock = await acquireLock(home, address);
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    removeSocketAddress(address);
    await lock.release();
  });
  let gone = 0;
  const client = await connectToRunningHost(home, () => (gone += 1));
  expect(await client?.request('library.info', {})).toEqual({ home, version: '0' });
  expect(sockets).toHaveLength(2);
  expect(gone).toBe(0);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => gone).toBe(1);
});
