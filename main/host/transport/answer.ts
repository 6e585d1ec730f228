import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ErrorReport } from '../../../shared/errors.ts';
import { securityHeaders } from './guard.ts';

/** Answers with a text; whatever of a body is still being sent is not read. */
export function answerText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...securityHeaders,
    'Content-Type': type,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
    ...headers,
  });
  response.end(body);
  if (!request.complete) response.once('finish', () => request.socket.destroySoon());
}

export function answerJson(request: IncomingMessage, response: ServerResponse, status: number, value: unknown): void {
  answerText(request, response, status, 'application/json; charset=utf-8', JSON.stringify(value));
}

export function answerFailure(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  error: ErrorReport,
): void {
  answerJson(request, response, status, { error });
}
