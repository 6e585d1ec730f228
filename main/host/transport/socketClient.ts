import { connect } from 'node:net';
import { DecantError } from '../../../shared/errors.ts';
import { largestMessage } from './channel.ts';
import { ChannelClient } from './client.ts';
import { createLineChannel } from './lineChannel.ts';

/** Connects to the host that listens at `address`. Errors: HOST_GONE when none does. */
export async function connectToHost(address: string, onGone?: () => void): Promise<ChannelClient> {
  const socket = connect(address);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (thrown) => {
      reject(new DecantError('HOST_GONE', `nothing answers at ${address}: ${thrown.message}`, { cause: thrown }));
    });
  });
  return new ChannelClient(createLineChannel(socket, largestMessage), onGone);
}
