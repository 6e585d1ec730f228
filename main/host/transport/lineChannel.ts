import { type Socket } from 'node:net';
import { largestBacklog, type TextChannel } from './channel.ts';

const newline = 10;

/**
 * Texts over a byte stream, one a line: the codec never writes a raw line break. A line longer than `largestLine` bytes, or a peer
 * that lets the backlog grow past its limit, ends the connection.
 */
export function createLineChannel(socket: Socket, largestLine: number): TextChannel {
  let pieces: Buffer[] = [];
  let pending = 0;
  let onText: (text: string) => void = () => undefined;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));

  const finishLine = (piece: Buffer): void => {
    const line = pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]);
    pieces = [];
    pending = 0;
    onText(line.toString('utf8'));
  };

  // Whoever cares listens by onClose; without any listener a reset by the peer would end the process.
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      if (pending + end - start > largestLine) break;
      finishLine(chunk.subarray(start, end));
      if (socket.destroyed) return;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    if (pending + rest.byteLength > largestLine) {
      socket.destroy(new Error(`a message is longer than ${largestLine} bytes`));
      return;
    }
    if (rest.byteLength > 0) pieces.push(rest);
    pending += rest.byteLength;
  });

  return {
    send: (text) => {
      if (socket.destroyed || socket.writableEnded) return;
      socket.write(`${text}\n`);
      if (socket.writableLength > largestBacklog) socket.destroy(new Error('the other side does not read'));
    },
    onText: (listener) => {
      onText = listener;
    },
    onClose: (listener) => {
      let cause: Error | undefined;
      socket.once('error', (thrown: Error) => {
        cause = thrown;
      });
      socket.once('close', () => {
        listener(cause);
      });
    },
    close: async () => {
      if (!socket.destroyed) socket.end();
      // A peer that keeps its half open must not keep us.
      const timer = setTimeout(() => socket.destroy(), 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}
