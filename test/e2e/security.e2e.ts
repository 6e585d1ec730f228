import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDesktop, startDecant, waitForPage, type Desktop, type Started } from './support/desktop.ts';
import { askHost } from './support/pageHost.ts';
import { skipOrFail } from './support/requirements.ts';
import { repository } from './runtime/places.ts';

const desktop = await openDesktop();
if ('missing' in desktop) skipOrFail('electron', desktop.missing);

/** Electron's security checklist, asked of the running application. */
describe.skipIf('missing' in desktop)('the page in Electron', () => {
  let folder: string;
  let started: Started;
  let elsewhere: Server;
  let address: string;
  let asked = 0;

  beforeAll(async () => {
    elsewhere = createServer((_request, response) => {
      asked += 1;
      response.setHeader('Access-Control-Allow-Origin', '*').end('<h1>elsewhere</h1>');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    folder = mkdtempSync(join(tmpdir(), 'decant-security-'));
    started = await startDecant(desktop as Desktop, { folder });
  });
  afterAll(async () => {
    await started.close();
    (desktop as Desktop).display.close();
    elsewhere.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const inPage = (expression: string): Promise<unknown> => started.page.evaluate(expression);
  const failure = (expression: string): Promise<unknown> =>
    inPage(`Promise.resolve().then(() => ${expression}).then((value) => 'worked: ' + value, (thrown) => thrown.name)`);

  it('has nothing of Node and only the named functions of the application', async () => {
    expect(await inPage(`[typeof require, typeof process, typeof module, typeof global, typeof Buffer].join()`)).toBe(
      'undefined,undefined,undefined,undefined,undefined',
    );
    expect(await inPage(`Object.keys(window.decant).sort().join()`)).toBe(
      'chooseImport,grantFiles,onMessage,platform,post,saveExport,startDrag',
    );
    // The bridge is a copy of its own world: the page cannot change what others get of it.
    expect(
      await inPage(
        `{ try { window.decant.post = () => 1; } catch {} window.decant.post.toString().includes('=> 1'); }`,
      ),
    ).toBe(false);
  });

  it('is isolated and sandboxed in its own process', async () => {
    const preferences = await started.app.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((contents) => {
        const read: unknown = Reflect.get(contents, 'getLastWebPreferences');
        return typeof read === 'function' ? (Reflect.apply(read, contents, []) as object) : {};
      }),
    );
    expect(preferences).toEqual([
      expect.objectContaining({
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
      }),
    ]);
  });

  it('runs no code but its own files', async () => {
    // In a turn of its own: what a debugger evaluates is allowed more than the page.
    const evaluated = `new Promise((resolve) => setTimeout(() => {
      try { resolve(new Function('return "ran"')()); } catch (thrown) { resolve(thrown.name); }
    }))`;
    expect(await inPage(evaluated)).toBe('EvalError');
    expect(
      await inPage(`new Promise((resolve) => {
        const script = document.createElement('script');
        script.textContent = 'window.injected = true';
        document.body.append(script);
        setTimeout(() => resolve(window.injected === undefined), 100);
      })`),
    ).toBe(true);
    expect(
      await inPage(`new Promise((resolve) => {
        const script = document.createElement('script');
        script.src = ${JSON.stringify(address)};
        script.onerror = () => resolve('refused');
        script.onload = () => resolve('loaded');
        document.body.append(script);
      })`),
    ).toBe('refused');
  });

  it('reaches no other place: neither by fetching nor by images, sockets or files', async () => {
    const file = pathToFileURL(join(repository, 'package.json')).href;
    expect(await failure(`fetch(${JSON.stringify(address)})`)).toBe('TypeError');
    expect(await failure(`fetch(${JSON.stringify(file)})`)).toBe('TypeError');
    expect(await failure(`fetch('decant://app/../../package.json').then((answer) => answer.status)`)).toBe(
      'worked: 404',
    );
    const image = `new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve('loaded');
      image.onerror = () => resolve('refused');
      image.src = ${JSON.stringify(address)};
    })`;
    expect(await inPage(image)).toBe('refused');
    expect(asked).toBe(0);
  });

  it('asks nothing of elsewhere even from the session, where no policy of the page holds', async () => {
    const answer = await started.app.evaluate(async ({ session }, url) => {
      try {
        return (await session.defaultSession.fetch(url)).status;
      } catch (thrown) {
        return thrown instanceof Error ? thrown.message : 'refused';
      }
    }, address);
    expect(answer).toContain('ERR_BLOCKED_BY_CLIENT');
    expect(asked).toBe(0);
  });

  it('goes nowhere and opens nothing', async () => {
    const { page, app } = started;
    const before = page.url();
    await inPage(`{ location.href = ${JSON.stringify(address)}; }`);
    await inPage(`{ location.href = 'file:///etc/passwd'; }`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(page.url()).toBe(before);
    await app.evaluate(({ shell }) => {
      const opened: string[] = [];
      Reflect.set(globalThis, 'opened', opened);
      shell.openExternal = (url) => {
        opened.push(url);
        return Promise.resolve();
      };
    });
    for (const url of [address, 'file:///etc/passwd', 'javascript:1', 'https://www.tdmpc2.com/dataset'])
      expect(await inPage(`window.open(${JSON.stringify(url)}) === null`)).toBe(true);
    expect(await app.evaluate(() => Reflect.get(globalThis, 'opened') as unknown)).toEqual([
      'https://www.tdmpc2.com/dataset',
    ]);
    expect(await app.evaluate(({ webContents }) => webContents.getAllWebContents().length)).toBe(1);
    expect(asked).toBe(0);
  });

  it('is denied what it might ask of the system', async () => {
    for (const name of ['geolocation', 'notifications', 'camera', 'microphone', 'midi'])
      expect(
        await inPage(`navigator.permissions.query({ name: ${JSON.stringify(name)} }).then(({ state }) => state)`),
      ).toBe('denied');
    expect(await failure(`navigator.mediaDevices.getUserMedia({ audio: true })`)).toMatch(
      /NotAllowedError|NotFoundError/,
    );
  });

  it('has the policy in the answer itself', async () => {
    const policy = await inPage(
      `fetch('decant://app/index.html').then((answer) => answer.headers.get('content-security-policy'))`,
    );
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
  });

  it('is answered only itself: another window of the same process is refused', async () => {
    const answer = await started.app.evaluate(async ({ BrowserWindow, app }) => {
      const path = process.getBuiltinModule('node:path');
      const other = new BrowserWindow({
        show: false,
        webPreferences: {
          preload: path.join(app.getAppPath(), 'dist/preload/preload.cjs'),
          sandbox: true,
          contextIsolation: true,
        },
      });
      await other.loadURL('data:text/html,<p>other</p>');
      const tried: unknown = await other.webContents.executeJavaScript(
        `window.decant.chooseImport('files').then(() => 'answered', (thrown) => thrown.message)`,
      );
      other.destroy();
      return tried;
    });
    expect(answer).toContain('UNAUTHORISED');
  });

  it('cannot name paths: the request for a grant is trusted, and malformed texts end the connection alone', async () => {
    await expect(askHost(started.page, 'grants.create', { paths: ['/etc/passwd'], use: 'read' })).rejects.toThrow(
      'UNAUTHORISED',
    );
    await inPage(`window.decant.post('no envelope')`);
    await started.page.reload();
    await waitForPage(started.page);
    expect(await askHost(started.page, 'library.info', {})).toMatchObject({ home: started.home });
  });
});
