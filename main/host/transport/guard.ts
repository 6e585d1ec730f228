import { createHash, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage } from 'node:http';

export interface Refusal {
  status: number;
  reason: string;
}

/** Sent with every answer: nothing is cached, framed, sniffed or fetched from elsewhere, and the token leaves by no referrer. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** The window's policy: its own files and socket, pictures that it draws itself, nothing inline and nothing made from strings. */
export const windowPolicy =
  "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Why a request is refused, or undefined. The Host header keeps out pages that point their own name at 127.0.0.1, the Origin keeps
 * out other sites, the token everyone else on this machine. Programs that are no browser send no Origin: the token suffices.
 */
export function refusalOf(request: IncomingMessage, port: number, token: string): Refusal | undefined {
  const refusal = refusalOfSource(request, port);
  if (refusal !== undefined) return refusal;
  if (!equalSecrets(givenToken(request), token)) return { status: 401, reason: 'wrong or missing token' };
  return undefined;
}

/** As `refusalOf`, for what holds no secret: the window's own scripts and styles, which a browser asks for without the token. */
export function refusalOfSource(request: IncomingMessage, port: number): Refusal | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host, origin } = request.headers;
  if (host === undefined || !hosts.includes(host)) return { status: 403, reason: 'wrong Host header' };
  if (origin !== undefined && !hosts.some((own) => origin === `http://${own}`))
    return { status: 403, reason: 'wrong Origin header' };
  return undefined;
}

export function requestUrl(request: IncomingMessage): URL | undefined {
  return URL.parse(request.url ?? '/', 'http://127.0.0.1') ?? undefined;
}

function givenToken(request: IncomingMessage): string {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  return bearer ?? requestUrl(request)?.searchParams.get('token') ?? '';
}

/** Compares hashes, so that neither content nor length shows in the time taken. */
function equalSecrets(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
