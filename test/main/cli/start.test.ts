import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ensureBuilt, isBuilt, type Piece } from '../../../main/cli/build.ts';
import { fetchElectron, findElectron, runElectron } from '../../../main/cli/electron.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { startDecant } from './run.ts';

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 120_000, interval: 20 });
}

const start = ['start', '--browser', '--no-build', '--home'];
const noScreen = { DISPLAY: '', WAYLAND_DISPLAY: '' };

describe.runIf(process.platform === 'linux')('start without Electron', () => {
  it('opens the browser at an address that works once and holds no token; Ctrl-C ends it', async () => {
    const folder = temporaryFolder();
    const seen = join(folder, 'address');
    write(join(folder, 'xdg-open'), `#!/bin/sh\nprintf %s "$1" > ${seen}.part && mv ${seen}.part ${seen}\n`, 0o755);
    const environment = { DISPLAY: ':9', PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const { child, ended } = startDecant([...start, join(folder, 'home')], environment);
    let noted = '';
    child.stderr?.on('data', (text: string) => (noted += text));
    await until(() => existsSync(seen) && noted.includes('Ctrl-C'));
    const address = readFileSync(seen, 'utf8');
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/open\?ticket=[\w-]+$/);
    const answer = await fetch(address);
    expect(answer.url).toMatch(/\/\?token=/);
    expect(await answer.text()).toContain('<title>Decant</title>');
    expect((await fetch(address)).status).toBe(401);
    child.kill('SIGINT');
    const { status, stdout, stderr } = await ended;
    expect(status).toBe(0);
    expect(stdout).toContain(`Decant runs at ${answer.url}\n`);
    expect(stderr).toContain('It was opened in the default browser.');
    expect(stderr).toContain('Ending');
  });

  it.each([
    ['there is no screen', noScreen],
    ['nothing can open a browser', { DISPLAY: ':9', PATH: '/nowhere' }],
  ])('prints the address where %s', async (_why, environment) => {
    const { child, ended } = startDecant([...start, temporaryFolder()], environment);
    let noted = '';
    child.stderr?.on('data', (text: string) => (noted += text));
    await until(() => noted.includes('Ctrl-C'));
    child.kill('SIGINT');
    const { status, stdout, stderr } = await ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Decant runs at http:\/\/127\.0\.0\.1:\d+\/\?token=/);
    expect(stderr).toContain('Open this address in a browser');
  });
});

describe('what was built', () => {
  function clone(): { root: string; piece: Piece; builds: () => number } {
    const root = temporaryFolder();
    write(join(root, 'source', 'a.ts'), '1');
    write(
      join(root, 'make.js'),
      `const { appendFileSync, mkdirSync, existsSync, writeFileSync } = require('node:fs');
       if (existsSync('broken')) { console.error('it is broken'); process.exit(3); }
       mkdirSync('out', { recursive: true });
       appendFileSync('builds', '.');
       if (!existsSync('out/made.js')) writeFileSync('out/made.js', '');`,
    );
    const piece = { name: 'it', folder: 'out', output: 'made.js', sources: ['source'], command: ['make.js'] };
    const builds = () => (existsSync(join(root, 'builds')) ? readFileSync(join(root, 'builds'), 'utf8').length : 0);
    return { root, piece, builds };
  }
  const later = (path: string): void => utimesSync(path, new Date(), new Date(Date.now() + 1500));

  it('is built where it is missing or older than its sources, also when the compiler leaves its output alone', async () => {
    const { root, piece, builds } = clone();
    const note = vi.fn();
    expect(isBuilt(root, piece)).toBe(false);
    expect(await ensureBuilt(root, [piece], note)).toBe(true);
    expect(await ensureBuilt(root, [piece], note)).toBe(true);
    expect(builds()).toBe(1);
    expect(note).toHaveBeenCalledTimes(1);
    later(join(root, 'source', 'a.ts'));
    expect(isBuilt(root, piece)).toBe(false);
    vi.useFakeTimers({ now: Date.now() + 5000, toFake: ['Date'] });
    try {
      expect(await ensureBuilt(root, [piece], note)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
    expect(builds()).toBe(2);
    expect(isBuilt(root, piece)).toBe(true);
  });

  it('says what a build printed that did not succeed', async () => {
    const { root, piece, builds } = clone();
    write(join(root, 'broken'), '');
    const notes: string[] = [];
    expect(await ensureBuilt(root, [piece], (text) => notes.push(text))).toBe(false);
    expect(notes.join('\n')).toContain('it is broken');
    expect(builds()).toBe(0);
  });
});

describe.runIf(process.platform === 'linux')('Electron', () => {
  const limits = { silence: 400, whole: 120_000 };
  const program = (root: string) => join(root, 'node_modules/electron/dist/electron');
  const installer = (root: string) => join(root, 'node_modules/electron/install.js');

  it('is fetched by its own installer', async () => {
    const root = temporaryFolder();
    expect(findElectron(root)).toBeUndefined();
    write(
      installer(root),
      `const { mkdirSync, writeFileSync } = require('node:fs'); mkdirSync(__dirname + '/dist');
       writeFileSync(__dirname + '/dist/electron', '');`,
    );
    vi.stubEnv('ELECTRON_SKIP_BINARY_DOWNLOAD', '');
    expect(await fetchElectron(root, () => undefined, { ...limits, silence: 120_000 })).toBe(true);
    expect(findElectron(root)).toBe(program(root));
    vi.unstubAllEnvs();
  });

  it('is given up when nothing arrives, when fetching fails, and when it is not wanted', async () => {
    const root = temporaryFolder();
    expect(await fetchElectron(root, () => undefined, limits)).toBe(false);
    write(installer(root), 'setInterval(() => undefined, 1000);');
    vi.stubEnv('ELECTRON_SKIP_BINARY_DOWNLOAD', '');
    expect(await fetchElectron(root, () => undefined, limits)).toBe(false);
    write(installer(root), 'process.exit(1);');
    expect(await fetchElectron(root, () => undefined, limits)).toBe(false);
    vi.stubEnv('ELECTRON_SKIP_BINARY_DOWNLOAD', '1');
    const note = vi.fn();
    expect(await fetchElectron(root, note, limits)).toBe(false);
    expect(note).not.toHaveBeenCalled();
    vi.unstubAllEnvs();
  });

  it('counts as unable to open a window when it ends badly at once, or is no program', async () => {
    const root = temporaryFolder();
    write(program(root), `#!/bin/sh\n[ "$1" = ${root} ] && [ "$2" = --home ] && exit 0\nexit 1\n`, 0o755);
    const soon = 120_000;
    expect(await runElectron(program(root), root, ['--home', 'x'], soon)).toBe(0);
    expect(await runElectron(program(root), root, [], soon)).toBeUndefined();
    expect(await runElectron(join(root, 'nothing'), root, [])).toBeUndefined();
  });
});
