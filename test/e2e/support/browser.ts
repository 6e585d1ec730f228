import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { openHost, type Host, type HostOptions } from '../../../main/host/host.ts';
import { serveWeb, type ServeOptions, type WebServer } from '../../../main/host/transport/serve.ts';

/** Where Chromium is on this machine: DECANT_CHROMIUM, the system's, or what Playwright itself would take. */
export function findChromium(): string | undefined {
  const candidates = [
    process.env['DECANT_CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/opt/google/chrome/chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    chromium.executablePath(),
  ];
  return candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
}

/** Why a browser test cannot run here, or undefined. */
export function reasonToSkipBrowser(): string | undefined {
  return findChromium() === undefined ? 'no Chromium was found: install one, or name it in DECANT_CHROMIUM' : undefined;
}

export interface ServedLibraryOptions {
  /** The library folder; a temporary one, removed at the end, without it. */
  home?: string;
  host?: Omit<HostOptions, 'home'>;
  serve?: Omit<ServeOptions, 'home'>;
}

/** A host on a library, served to browsers. */
export interface ServedLibrary {
  readonly home: string;
  readonly host: Host;
  readonly web: WebServer;
  /** Ends the host and its server as a person would, and starts both again on the same library and port, with a new token. */
  restart(): Promise<void>;
  /** Ends the server alone: what a window sees when its host goes away. */
  stopServing(): Promise<void>;
  close(): Promise<void>;
}

export async function serveLibrary(options: ServedLibraryOptions = {}): Promise<ServedLibrary> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'decant-e2e-')));
  const open = async (port?: number): Promise<{ host: Host; web: WebServer }> => {
    const host = await openHost({ ...options.host, home });
    const web = await serveWeb(host.core, { ...options.serve, home, ...(port !== undefined && { port }) });
    return { host, web };
  };
  let opened = await open();
  let serving = true;
  const stopServing = async (): Promise<void> => {
    if (serving) await opened.web.close();
    serving = false;
  };
  return {
    home,
    get host() {
      return opened.host;
    },
    get web() {
      return opened.web;
    },
    stopServing,
    restart: async () => {
      const { port } = opened.web;
      await stopServing();
      await opened.host.close();
      opened = await open(port);
      serving = true;
    },
    close: async () => {
      await stopServing();
      await opened.host.close();
      if (options.home === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

export interface BrowserOptions {
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
}

export interface OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page's console said as errors, its uncaught failures and what its policy refused. */
  readonly problems: string[];
}

function browserArguments(): string[] {
  // Root may not use Chromium's sandbox.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  // Nothing is asked of the network beside the page.
  const silent = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update'];
  return [...root, '--disable-gpu', '--disable-dev-shm-usage', '--disable-sync', ...silent];
}

/** A headless Chromium. Errors: throws where none is installed; ask `reasonToSkipBrowser` first. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium was found');
  return chromium.launch({ executablePath, args: browserArguments() });
}

/** Opens the window of a served library at a place of its router, such as `/datasets`. */
export async function openPage(
  browser: Browser,
  url: string,
  route = '',
  { theme = 'light', width = 1280, height = 800 }: BrowserOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
    acceptDownloads: true,
  });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  await page.goto(`${url}#${route}`);
  await page.getByRole('main').waitFor();
  return { page, context, problems };
}
