import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '../../..');
const application = join(repository, 'main/app');
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const sources = readdirSync(application, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name: name.replaceAll('\\', '/'), text: readFileSync(join(application, name), 'utf8') }));

/** Electron's security checklist, as far as sources and settings show it; test/e2e/security.e2e.ts asks the running application. */
describe('the application by its sources', () => {
  it('uses Electron’s message functions in two files, which check', () => {
    const users = sources.filter(({ text }) => /\bipc(Main|Renderer)\b|\.send\(`|contents\.send\(/.test(text));
    expect(users.map(({ name }) => name).sort()).toEqual(['ipc/mainSide.ts', 'ipc/preloadSide.ts']);
  });

  it('makes windows in one file, isolated and sandboxed', () => {
    const makers = sources.filter(({ text }) => /new (BrowserWindow|BaseWindow|WebContentsView)\(/.test(text));
    expect(makers.map(({ name }) => name)).toEqual(['window.ts']);
    for (const setting of [
      'contextIsolation: true',
      'sandbox: true',
      'nodeIntegration: false',
      'nodeIntegrationInWorker: false',
      'nodeIntegrationInSubFrames: false',
      'webSecurity: true',
      'allowRunningInsecureContent: false',
      'experimentalFeatures: false',
      'webviewTag: false',
    ])
      expect(makers[0]?.text).toContain(setting);
  });

  it('loads nothing but its own addresses', () => {
    for (const { name, text } of sources) {
      expect(text, name).not.toMatch(/loadFile\(|file:\/\//);
      for (const [, argument] of text.matchAll(/loadURL\(([^)]*)/g)) expect(argument, name).toMatch(/^pageAddress\(/);
      for (const [, argument] of text.matchAll(/openExternal\(([^)]*)/g)) expect(argument, name).toBe('url');
    }
  });

  it('gives the page no function of Electron', () => {
    const preload = sources.find(({ name }) => name === 'preload.ts')?.text ?? '';
    expect(preload.match(/exposeInMainWorld\(/g)).toHaveLength(1);
    expect(preload).not.toMatch(/\brequire\(|\bipcRenderer\b/);
  });

  it('is packed with the fuses blown', () => {
    const settings = read('electron-builder.yml');
    for (const fuse of [
      'runAsNode: false',
      'enableNodeOptionsEnvironmentVariable: false',
      'enableNodeCliInspectArguments: false',
      'enableCookieEncryption: true',
      'enableEmbeddedAsarIntegrityValidation: true',
      'onlyLoadAppFromAsar: true',
      'grantFileProtocolExtraPrivileges: false',
      'asar: true',
    ])
      expect(settings).toContain(fuse);
  });

  it('stands on a current Electron', () => {
    const description: unknown = JSON.parse(read('package.json'));
    expect(description).toMatchObject({
      devDependencies: { electron: expect.stringMatching(/^\^4[5-9]\./) as unknown },
    });
  });
});
