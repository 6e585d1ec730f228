import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { DecantError } from '../../../shared/errors.ts';
import { type HostCore } from '../core.ts';
import { largestClientMessage } from './channel.ts';
import { applicationFile } from '../../../shared/place.ts';
import { refusalOf, requestUrl, type Refusal } from './guard.ts';
import { answerHttp } from './http.ts';
import { serveChannel } from './session.ts';
import { Uploads } from './uploads.ts';
import { createWebChannel } from './webChannel.ts';

export interface WebServer {
  readonly port: number;
  readonly token: string;
  /** What a person opens: holds the token. */
  readonly url: string;
  /** An address that leads to the window once, within a minute: other users see what a program is started with, so it holds no token. */
  readonly oneTimeUrl: () => string;
  /** Connected WebSockets. */
  readonly clients: number;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** 0 or absent: any free port. */
  port?: number;
  home: string;
  /** Folder of the built window; where there is none, a page says how to go on without it. */
  window?: string;
  /** Bytes of the largest file that a browser may send. */
  largestUpload?: number;
}

const ticketMilliseconds = 60_000;

/** A sender or receiver that is silent for so long is cut off, in milliseconds. */
const longestSilence = 60_000;

/**
 * HTTP and WebSocket for a browser on this machine: 127.0.0.1 only, every request with the token, trusted requests refused.
 * Errors: USAGE when the port is taken.
 */
export async function serveWeb(core: HostCore, options: ServeOptions): Promise<WebServer> {
  const token = randomBytes(24).toString('base64url');
  // `port` is 0 until the server listens: nothing can arrive before.
  let port = 0;
  const uploads = new Uploads(core, options.home, options.largestUpload);
  const tickets = new Map<string, number>();
  const context = {
    core,
    home: options.home,
    window: options.window ?? fileURLToPath(applicationFile('dist/renderer')),
    uploads,
    token,
    redeem: (ticket: string) => {
      const until = tickets.get(ticket);
      tickets.delete(ticket);
      return until !== undefined && Date.now() < until;
    },
    port: () => port,
  };
  // Large files take as long as they take: silence is bounded instead of the whole, and who sends no headers is gone in seconds.
  const limits = { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 0 };
  const server = createServer(limits, (request, response) => {
    request.on('error', () => undefined);
    answerHttp(context, request, response).catch(() => response.destroy());
  });
  server.setTimeout(longestSilence, (socket) => socket.destroy());
  const sockets = new WebSocketServer({ noServer: true, maxPayload: largestClientMessage, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    const refusal = refusalOf(request, port, token) ?? refusalOfPath(request);
    if (refusal !== undefined) {
      refuseUpgrade(socket, refusal);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      serveChannel(core, createWebChannel(accepted), false);
    });
  });
  port = await new Promise<number>((resolve, reject) => {
    server.once('error', (thrown) => {
      reject(
        new DecantError('USAGE', `port ${options.port ?? 0} cannot be used: ${thrown.message}`, { cause: thrown }),
      );
    });
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
  return {
    port,
    token,
    url: `http://127.0.0.1:${port}/?token=${token}`,
    oneTimeUrl: () => {
      const ticket = randomBytes(24).toString('base64url');
      tickets.set(ticket, Date.now() + ticketMilliseconds);
      return `http://127.0.0.1:${port}/open?ticket=${ticket}`;
    },
    get clients() {
      return sockets.clients.size;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets.clients) socket.close(1001, 'the host ends');
      const timer = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
      }, 500);
      server.closeIdleConnections();
      await closed;
      clearTimeout(timer);
      await uploads.close();
    },
  };
}

function refusalOfPath(request: IncomingMessage): Refusal | undefined {
  return requestUrl(request)?.pathname === '/socket' ? undefined : { status: 404, reason: 'no socket at this address' };
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(refusal.reason)}\r\n\r\n${refusal.reason}`,
  );
}
