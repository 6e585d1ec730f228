import { WebSocket } from 'ws';
import { largestBacklog, type TextChannel } from './channel.ts';

/** Texts over a WebSocket; a binary message ends the connection. The library bounds the size of a message. */
export function createWebChannel(socket: WebSocket): TextChannel {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  return {
    send: (text) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(text);
      if (socket.bufferedAmount > largestBacklog) socket.terminate();
    },
    onText: (listener) => {
      socket.on('message', (data, isBinary) => {
        if (isBinary || !Buffer.isBuffer(data)) socket.close(1003, 'texts only');
        else listener(data.toString('utf8'));
      });
    },
    onClose: (listener) => {
      let cause: Error | undefined;
      socket.once('error', (thrown) => {
        cause = thrown;
      });
      socket.once('close', (code, reason) => {
        if (cause === undefined && code !== 1000 && code !== 1005)
          cause = new Error(`the connection ended with ${code} ${reason.toString('utf8')}`.trimEnd());
        listener(cause);
      });
    },
    close: async () => {
      socket.close(1000);
      const timer = setTimeout(() => socket.terminate(), 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}
