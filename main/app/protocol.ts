import { readFile } from 'node:fs/promises';
import { protocol } from 'electron';
import { pageFile, pageHeaders, pageScheme } from './page.ts';

/** Before the application is ready: the scheme behaves as https does, so that a policy and an origin mean something. */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/** Answers the page's own addresses with files of `root`. */
export function servePage(root: string): void {
  protocol.handle(pageScheme, async ({ method, url }) => {
    const file = method === 'GET' ? pageFile(root, url) : undefined;
    const content = file && (await readFile(file.path).catch(() => undefined));
    if (file === undefined || content === undefined)
      return new Response('there is nothing at this address\n', { status: 404, headers: pageHeaders });
    return new Response(new Uint8Array(content), { headers: { ...pageHeaders, 'Content-Type': file.type } });
  });
}
