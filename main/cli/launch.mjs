#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on: makes sure that what Decant needs is installed, then runs the command line with the Node that
// package.json pins, so that the machine's own version does not matter.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const windows = process.platform === 'win32';
const stamp = join(root, 'node_modules', '.decant-installed');

function pinnedNode() {
  const name = windows ? 'node.exe' : 'node';
  const candidates = [join(root, 'node_modules', 'node', 'bin', name), join(root, 'node_modules', '.bin', name)];
  return candidates.find((path) => existsSync(path));
}

/** The state that an install was made for: the lock file's content. */
function wantedState() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** Whether every package of the lock file that is not optional is there in its version; asked only when the stamp does not answer. */
function isComplete(development) {
  if (pinnedNode() === undefined) return false;
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).every(([path, entry]) => {
    if (path === '' || entry.optional || entry.devOptional || entry.peer || (entry.dev && !development)) return true;
    try {
      return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')).version === entry.version;
    } catch {
      return false;
    }
  });
}

function readStamp() {
  try {
    return readFileSync(stamp, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function ensureInstalled(development) {
  const wanted = `${wantedState()}${development ? ' with development' : ''}`;
  if ((readStamp() ?? '').startsWith(wanted) && pinnedNode() !== undefined) return;
  if (!isComplete(development)) install();
  if (pinnedNode() === undefined)
    fail(
      'The pinned Node is missing after the installation.',
      'Run `npm ci` in the folder of Decant and read what it says.',
    );
  try {
    writeFileSync(stamp, `${wanted}\n`);
  } catch {
    // A read-only installation is looked through at each start.
  }
}

function install() {
  console.error('Installing what Decant needs into node_modules (once; this takes a minute or two)…');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // Within npm its own program is known; otherwise the one of the path. Progress goes to stderr: stdout is for results.
  const result =
    npm !== undefined && npm.endsWith('.js')
      ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ['inherit', 2, 2] })
      : spawnSync(windows ? 'npm.cmd' : 'npm', args, { cwd: root, stdio: ['inherit', 2, 2], shell: windows });
  if (result.status !== 0)
    fail(
      'The installation did not succeed (npm ci).',
      'Check that the network and the npm registry can be reached and that the disk has about 2 GB free, then try again.',
    );
  console.error('Installed.');
}

function fail(what, action) {
  console.error(`INSTALL_FAILED: ${what}\n${action}`);
  process.exit(1);
}

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 20) fail(`Node ${process.versions.node} is too old to install Decant.`, 'Install Node 20 or later.');
const args = process.argv.slice(2);
// Whoever only installs is about to run the tests.
const installOnly = args[0] === '--install-only';
ensureInstalled(installOnly);

if (!installOnly) {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  // npm changes into the folder of Decant: paths are meant from where its user stands.
  const cwd = process.env.npm_lifecycle_event === undefined ? undefined : process.env.INIT_CWD;
  // shared/nodeFlags.ts says why.
  const child = spawn(pinnedNode(), ['--no-memory-protection-keys', main, ...args], {
    stdio: 'inherit',
    ...(cwd !== undefined && { cwd }),
  });
  // A terminal sends its signals to the child as well: main.ts counts two of them at once as one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (thrown) => fail(`The pinned Node cannot be started: ${thrown.message}`, 'Run `npm ci` again.'));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
