import { extname, join, resolve, sep } from 'node:path';
import { contentTypes } from '../host/transport/contentTypes.ts';

/** The page's own scheme: files of the built renderer and nothing else, with one origin that no other page has. */
export const pageScheme = 'decant';
const pageOrigin = `${pageScheme}://app`;

/** The page's address, with a place of its own router. */
export function pageAddress(route = ''): string {
  return `${pageOrigin}/index.html${route === '' ? '' : `#${route}`}`;
}

/** Whether an address is one of the page's own. Custom schemes have no `origin` in Node's URL. */
export function isPageAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, host, username, port } = new URL(address);
  return protocol === `${pageScheme}:` && host === 'app' && username === '' && port === '';
}

/**
 * `style-src-attr` is left to 'self' as well: positions are set through the style object, which no policy concerns. Images may be made in the
 * page, for the export of charts. Nothing is ever fetched from elsewhere.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "frame-src 'none'",
].join('; ');

export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
};

/** The file of `root` that an address means, and its type; undefined for whatever is no file of the page. */
export function pageFile(root: string, address: string): { path: string; type: string } | undefined {
  if (!isPageAddress(address)) return undefined;
  let name: string;
  try {
    name = decodeURIComponent(new URL(address).pathname);
  } catch {
    return undefined;
  }
  if (name.includes('\0') || name.includes('\\')) return undefined;
  const path = resolve(join(root, name === '/' ? 'index.html' : name));
  const type = contentTypes[extname(path)];
  if (!path.startsWith(resolve(root) + sep) || type === undefined) return undefined;
  return { path, type };
}
