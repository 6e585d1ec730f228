import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { findRuntime, repository, type Runtime } from '../runtime/places.ts';
import { openDisplay, type Display } from './display.ts';

export interface Desktop {
  runtime: Runtime;
  display: Display;
}

/** Everything that real Electron needs here, or the reason why it cannot run. */
export async function openDesktop(): Promise<Desktop | { missing: string }> {
  const runtime = findRuntime();
  if ('missing' in runtime) return runtime;
  try {
    execFileSync(runtime.executable, ['-p', '1'], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: 'pipe',
    });
  } catch (thrown) {
    const lines = thrown instanceof Error ? thrown.message.split('\n') : [];
    return { missing: `Electron does not start here: ${lines.slice(1, 2).join('')}` };
  }
  const display = await openDisplay();
  return 'missing' in display ? display : { runtime, display };
}

export interface StartOptions {
  /** A temporary folder: the library lies in `library`, what the application remembers in `user`. */
  folder: string;
  /** Files after the switches, as a person would give them. */
  files?: string[];
  /** An unpacked application of its own instead of the built tree. */
  packed?: string;
}

export interface Started {
  app: ElectronApplication;
  page: Page;
  home: string;
  /** What the application printed. */
  printed: () => string;
  close(): Promise<void>;
}

export function startArguments(folder: string): string[] {
  // Root may not use Chromium's sandbox; a virtual screen has no GPU.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return [...root, '--disable-gpu', `--user-data-dir=${join(folder, 'user')}`, '--home', join(folder, 'library')];
}

export function startEnvironment({ runtime, display }: Desktop): Record<string, string> {
  const environment: Record<string, string> = { DBUS_SESSION_BUS_ADDRESS: 'disabled:', DISPLAY: display.name };
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && !(name in environment) && name !== 'ELECTRON_RUN_AS_NODE' && name !== 'DECANT_HOME')
      environment[name] = value;
  if (runtime.sqliteBinding !== undefined) environment['DECANT_TEST_SQLITE'] = runtime.sqliteBinding;
  return environment;
}

/** Milliseconds: after so long something stands still. */
const patience = 120_000;

/** Starts the application and waits for its window. */
export async function startDecant(desktop: Desktop, options: StartOptions): Promise<Started> {
  const { folder, files = [], packed } = options;
  const app = await _electron.launch({
    executablePath: packed ?? desktop.runtime.executable,
    args: [...(packed === undefined ? [repository] : []), ...startArguments(folder), ...files],
    env: startEnvironment(desktop),
    timeout: patience,
  });
  let printed = '';
  for (const stream of [app.process().stdout, app.process().stderr])
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
    });
  app.context().setDefaultTimeout(patience);
  const page = await app.firstWindow({ timeout: patience });
  await waitForPage(page);
  return { app, page, home: join(folder, 'library'), printed: () => printed, close: () => closeDecant(app) };
}

/**
 * Waits until the page is there with something in it. Not by Playwright's own polling: the page's content security policy
 * forbids the eval that it is made of.
 */
export async function waitForPage(page: Page): Promise<void> {
  await page.locator('#app > *').first().waitFor({ state: 'attached' });
  if (!(await page.evaluate(`'decant' in window`))) throw new Error('the page has no bridge');
}

/** Quits as a person would, agreeing to stop what runs. */
async function closeDecant(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ dialog }) => {
    dialog.showMessageBox = () => Promise.resolve({ response: 0, checkboxChecked: false });
  });
  await app.close();
}

/** The process that works on a job, from the claim in the job's folder. */
export function enginePid(home: string, job: string): number {
  const claim: unknown = JSON.parse(readFileSync(join(home, 'jobs', job, 'engine.json'), 'utf8'));
  if (typeof claim !== 'object' || claim === null || !('pid' in claim) || typeof claim.pid !== 'number')
    throw new Error(`no process has claimed ${job}`);
  return claim.pid;
}
