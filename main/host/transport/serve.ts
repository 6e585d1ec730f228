import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Duplex } from 'node:stream';
import { type AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { DecantError } from '../../../shared/errors.ts';
import { type HostCore } from '../core.ts';
import { largestClientMessage } from './channel.ts';
import { refusalOf, requestUrl, securityHeaders, type Refusal } from './guard.ts';
import { hostPage } from './page.ts';
import { serveChannel } from './session.ts';
import { createWebChannel } from './webChannel.ts';

export interface WebServer {
  readonly port: number;
  readonly token: string;
  /** What a person opens: holds the token. */
  readonly url: string;
  /** Connected WebSockets. */
  readonly clients: number;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** 0 or absent: any free port. */
  port?: number;
  home: string;
}

/**
 * HTTP and WebSocket for a browser on this machine: 127.0.0.1 only, every request with the token, trusted requests refused.
 * Errors: USAGE when the port is taken.
 */
export async function serveWeb(core: HostCore, options: ServeOptions): Promise<WebServer> {
  const token = randomBytes(24).toString('base64url');
  // `port` is 0 until the server listens: nothing can arrive before.
  let port = 0;
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000 }, (request, response) => {
    answerHttp(request, response, refusalOf(request, port, token), options.home);
  });
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
    },
  };
}

function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal | undefined,
  home: string,
): void {
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { ...securityHeaders, 'Content-Type': `${type}; charset=utf-8`, Connection: 'close' });
    response.end(body);
    // Nothing here takes a body: whatever is still being sent is not read.
    if (!request.complete) response.once('finish', () => request.socket.destroySoon());
  };
  if (refusal !== undefined) send(refusal.status, 'text/plain', `${refusal.reason}\n`);
  else if (request.method !== 'GET') send(405, 'text/plain', 'only GET is answered here\n');
  else if (hasBody(request)) send(413, 'text/plain', 'a GET with a body is not answered here\n');
  else if (requestUrl(request)?.pathname !== '/') send(404, 'text/plain', 'there is nothing at this address\n');
  else send(200, 'text/html', hostPage(home));
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
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
