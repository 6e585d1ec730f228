import { WebSocket } from 'ws';
import { DecantError } from '../../../shared/errors.ts';
import { largestMessage } from './channel.ts';
import { ChannelClient } from './client.ts';
import { createWebChannel } from './webChannel.ts';

/** Connects to a served host by the address that it printed. Errors: UNAUTHORISED, HOST_GONE. */
export async function connectToWebHost(url: string, onGone?: () => void): Promise<ChannelClient> {
  const address = new URL(url);
  address.protocol = 'ws:';
  address.pathname = '/socket';
  const socket = new WebSocket(address, { maxPayload: largestMessage, perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => {
      reject(new DecantError('UNAUTHORISED', `the host answered ${response.statusCode ?? 0}`));
      socket.terminate();
    });
    socket.on('error', (thrown) => {
      reject(new DecantError('HOST_GONE', `nothing answers at ${address.host}: ${thrown.message}`, { cause: thrown }));
    });
  });
  return new ChannelClient(createWebChannel(socket), onGone);
}
