import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DecantError } from '../../../shared/errors.ts';
import { type HostCore } from '../core.ts';
import { largestClientMessage } from './channel.ts';
import { createLineChannel } from './lineChannel.ts';
import { serveChannel } from './session.ts';

/** sockaddr_un holds 104 bytes on macOS and 108 on Linux, the closing zero among them. */
const longestSocketPath = 103;
const folderPrefix = 'decant-';

/**
 * An address for a library's socket that only this user can reach: a fresh folder that only this user may enter, or a pipe with an
 * unguessable name on Windows, whose default access list keeps other users from writing. The lock file tells it to other processes.
 */
export function createSocketAddress(): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\decant-${crypto.randomUUID()}`;
  const candidates = [process.env['XDG_RUNTIME_DIR'], tmpdir(), '/tmp'];
  for (const parent of candidates) {
    if (parent === undefined || parent === '') continue;
    const length = Buffer.byteLength(join(parent, `${folderPrefix}XXXXXX`, 'host'));
    if (length > longestSocketPath) continue;
    try {
      // mkdtemp makes the folder with mode 0700 and never takes one that exists.
      return join(mkdtempSync(join(parent, folderPrefix)), 'host');
    } catch {
      continue;
    }
  }
  throw new DecantError('FILE_UNWRITABLE', `no folder for a socket among ${candidates.filter(Boolean).join(', ')}`);
}

/** Removes what `createSocketAddress` made, also after a host that was killed. Touches nothing of another shape. */
export function removeSocketAddress(address: string): void {
  const folder = dirname(address);
  if (process.platform === 'win32' || basename(address) !== 'host' || !basename(folder).startsWith(folderPrefix))
    return;
  rmSync(folder, { recursive: true, force: true });
}

export interface LocalSocketServer {
  /** Clients connected now. */
  readonly clients: number;
  close(): Promise<void>;
}

/** Listens for this user's own processes: their requests are trusted. Errors: FILE_UNWRITABLE. */
export async function listenOnLocalSocket(core: HostCore, address: string): Promise<LocalSocketServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveChannel(core, createLineChannel(socket, largestClientMessage), true);
  });
  await listen(server, address);
  return {
    get clients() {
      return sockets.size;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.end();
      // Answers that are on their way get out; whoever does not hang up by then is cut off.
      const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), 500);
      await closed;
      clearTimeout(timer);
      removeSocketAddress(address);
    },
  };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (thrown) => {
      reject(new DecantError('FILE_UNWRITABLE', `socket ${address}: ${thrown.message}`, { cause: thrown }));
    });
    server.listen(address, () => resolve());
  });
}
