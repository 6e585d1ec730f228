import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const launcher = fileURLToPath(new URL('../../../main/cli/launch.mjs', import.meta.url));

interface Launched {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

interface LaunchOptions {
  file?: string;
  environment?: Record<string, string>;
  onOutput?: (kill: (signal: NodeJS.Signals) => void) => void;
}

function launch(args: readonly string[], options: LaunchOptions = {}): Promise<Launched> {
  const { file = launcher, environment = {}, onOutput } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args], { env: { ...process.env, ...environment } });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onOutput?.((signal) => child.kill(signal));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

it('passes arguments, output and the exit status on', async () => {
  expect(await launch(['--version'])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d/) as unknown,
    stderr: '',
  });
  expect(await launch(['frobnicate'])).toMatchObject({ status: 2, stdout: '' });
});

it('installs nothing where everything is there', async () => {
  expect(await launch(['--install-only'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

it('takes paths from where npm was called', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'my.json'), '{"method":');
  const environment = { npm_lifecycle_event: 'decant', INIT_CWD: folder };
  const { stderr } = await launch(['train', '--config', 'my.json', '--home', folder], { environment });
  expect(stderr).toMatch(/^CONFIG_INVALID: [^]*my\.json is not JSON/);
});

it('passes signals on', async () => {
  const home = temporaryFolder();
  const served = await launch(['serve', '--home', home], { onOutput: (kill) => kill('SIGTERM') });
  expect(served).toMatchObject({ status: 0, signal: null, stderr: expect.stringContaining('Ending') as unknown });
});

it('says what to do when what is missing cannot be fetched', async () => {
  const root = temporaryFolder();
  const file = join(root, 'main', 'cli', 'launch.mjs');
  mkdirSync(join(root, 'main', 'cli'), { recursive: true });
  copyFileSync(launcher, file);
  const names = { name: 'x', version: '1.0.0' };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ ...names, dependencies: { node: '24.0.0' } }));
  const packages = {
    '': { ...names, dependencies: { node: '24.0.0' } },
    // A port where nobody listens.
    'node_modules/node': { version: '24.0.0', resolved: 'http://127.0.0.1:9/node.tgz', integrity: 'sha512-AAAA' },
  };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ ...names, lockfileVersion: 3, packages }));
  const environment = {
    npm_config_fetch_retries: '0',
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_cache: join(root, 'cache'),
  };
  const { status, stdout, stderr } = await launch(['runs'], { file, environment });
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^Installing what Decant needs/);
  expect(stderr).toMatch(/\nINSTALL_FAILED: .*npm ci.*\nCheck that the network/);
});
