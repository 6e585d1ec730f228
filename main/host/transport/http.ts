import { type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { DecantError, toErrorReport } from '../../../shared/errors.ts';
import { type HostCore } from '../core.ts';
import { answerFailure, answerJson, answerText } from './answer.ts';
import { exportedFile, sendExport } from './exports.ts';
import { refusalOf, refusalOfSource, requestUrl, windowPolicy } from './guard.ts';
import { hostPage } from './page.ts';
import { type Uploads } from './uploads.ts';
import { isAsset, readWindowFile } from './windowFiles.ts';

export interface HttpContext {
  core: HostCore;
  home: string;
  /** Folder of the built window. */
  window: string;
  uploads: Uploads;
  token: string;
  /** Whether a ticket was given out and not used yet; it is used up by this. */
  redeem(ticket: string): boolean;
  /** Known once the server listens. */
  port(): number;
}

const plain = 'text/plain; charset=utf-8';
const exportPath = /^\/exports\/([a-z]-[0-9a-z]{10})$/;
const grantSchema = z.strictObject({ uploads: z.array(z.uuid()).min(1).max(1000) });
const largestGrantBody = 64 * 1024;

/**
 * Answers everything that is no WebSocket:
 *
 *   GET  /              the window (with the token), /assets/… its files
 *   GET  /open?ticket=  the way to the window for whoever was given a ticket: goes on to / with the token
 *   POST /uploads?name= one file to import, as the body → {upload}
 *   POST /grants        {uploads: […]} → {grant} for import.start
 *   GET  /exports/<job> the file that a finished export job made
 */
export async function answerHttp(
  context: HttpContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = requestUrl(request)?.pathname ?? '';
  const refuse = (status: number, reason: string): void => {
    answerText(request, response, status, plain, `${reason}\n`);
  };
  if (path === '/open' && request.method === 'GET') {
    const given = requestUrl(request)?.searchParams.get('ticket') ?? '';
    const foreign = refusalOfSource(request, context.port());
    if (foreign !== undefined) refuse(foreign.status, foreign.reason);
    else if (!context.redeem(given)) refuse(401, 'this way in was used already, or is too old: use the whole address');
    else answerText(request, response, 303, plain, '', { Location: `/?token=${context.token}` });
    return;
  }
  // Scripts and styles hold nothing of the library; a browser asks for them without the page's token.
  const refusal = isAsset(path)
    ? refusalOfSource(request, context.port())
    : refusalOf(request, context.port(), context.token);
  if (refusal !== undefined) {
    refuse(refusal.status, refusal.reason);
    return;
  }
  const { method = '' } = request;
  if (method === 'POST' && (path === '/uploads' || path === '/grants')) {
    await answerPost(context, request, response, path);
    return;
  }
  const exported = exportPath.exec(path)?.[1];
  if (method !== 'GET' && !(method === 'HEAD' && exported !== undefined)) refuse(405, 'only GET is answered here');
  else if (hasBody(request)) refuse(413, 'a GET with a body is not answered here');
  else if (exported !== undefined) await answerExport(context, request, response, exported);
  else await answerPage(context, request, response, path);
}

async function answerPage(
  context: HttpContext,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const file = await readWindowFile(context.window, path);
  if (file !== undefined)
    answerText(request, response, 200, file.type, file.content, { 'Content-Security-Policy': windowPolicy });
  else if (path === '/') answerText(request, response, 200, 'text/html; charset=utf-8', hostPage(context.home));
  else answerText(request, response, 404, plain, 'there is nothing at this address\n');
}

async function answerPost(
  { uploads }: HttpContext,
  request: IncomingMessage,
  response: ServerResponse,
  path: '/uploads' | '/grants',
): Promise<void> {
  try {
    if (path === '/uploads') {
      const upload = await uploads.receive(request, requestUrl(request)?.searchParams.get('name') ?? '');
      answerJson(request, response, 200, { upload });
    } else {
      const { uploads: ids } = grantSchema.parse(JSON.parse(await readText(request, largestGrantBody)));
      answerJson(request, response, 200, { grant: await uploads.grant(ids) });
    }
  } catch (thrown) {
    if (thrown instanceof z.ZodError || thrown instanceof SyntaxError)
      answerFailure(request, response, 400, {
        code: 'REQUEST_INVALID',
        detail: 'the body is not {"uploads": [ids]}',
      });
    else answerThrown(request, response, thrown);
  }
}

async function answerExport(
  { core, home }: HttpContext,
  request: IncomingMessage,
  response: ServerResponse,
  job: string,
): Promise<void> {
  try {
    await sendExport(await exportedFile(core, home, job), request, response);
  } catch (thrown) {
    if (response.headersSent) response.destroy();
    else answerThrown(request, response, thrown);
  }
}

function answerThrown(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const report = toErrorReport(thrown);
  const statuses: Partial<Record<typeof report.code, number>> = {
    NOT_FOUND: 404,
    FILE_TOO_LARGE: 413,
    REQUEST_INVALID: 400,
    FILE_TRUNCATED: 400,
    DISK_FULL: 507,
  };
  answerFailure(request, response, statuses[report.code] ?? 500, report);
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

async function readText(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a request body comes in bytes');
    bytes += chunk.byteLength;
    if (bytes > limit) throw new DecantError('FILE_TOO_LARGE', `more than ${limit} bytes were sent`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
