import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type Page } from 'playwright-core';
import { it } from 'vitest';
import { launchBrowser, openPage, reasonToSkipBrowser, type OpenedPage } from '../support/browser.ts';
import { findReference, skipOrFail, type ReferenceFiles } from '../support/requirements.ts';
import { serve, type Served } from '../support/served.ts';
import { findingsInBothThemes } from '../support/window.ts';

export const noBrowser = reasonToSkipBrowser();
if (noBrowser !== undefined) skipOrFail('browser', noBrowser);
const reference = findReference();
if ('missing' in reference) skipOrFail('reference', reference.missing);
/** Only reached by tests that need them. */
export const files = reference as ReferenceFiles;
export const withReference = it.skipIf('missing' in reference);

/** Steps of a run that is stopped or killed: on no machine it ends before that. */
export const endless = '1000000';

/** The pages that need no subject. */
export const pages = [
  '/welcome',
  '/runs',
  '/new',
  '/datasets',
  '/checkpoints',
  '/library',
  '/device',
  '/compare',
] as const;

/** One library, its host in a process of its own, and a browser that shows it. */
export class Session {
  #folder: string | undefined;
  /** Runs by the name that the tests gave them. */
  readonly runs: Record<string, string> = {};
  /** What axe found on the pages that were looked at, and how many those were. */
  readonly findings: string[] = [];
  looked = 0;
  /** The first part of the path that went wrong: later ones need it. */
  broken: string | undefined;
  readonly #problems: string[] = [];
  #browser: Browser | undefined;
  #served: Served | undefined;
  #opened: OpenedPage | undefined;

  /** A temporary folder for everything. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'decant-browser-'));
    return this.#folder;
  }

  /** The library's folder. */
  get home(): string {
    return join(this.folder, 'library');
  }

  get page(): Page {
    if (this.#opened === undefined) throw new Error('no page is open');
    return this.#opened.page;
  }

  /** What the console said, as yet. */
  get problems(): readonly string[] {
    return [...this.#problems, ...(this.#opened?.problems ?? [])];
  }

  async start(): Promise<void> {
    [this.#browser, this.#served] = await Promise.all([launchBrowser(), serve(this.home)]);
    await this.#openPage();
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    await this.#served?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends the host as Ctrl-C does; the page stays open. */
  async stopHost(): Promise<void> {
    await this.#served?.stop();
  }

  /** A new host on the same library and port; it has a new token, which the open page does not know. */
  async startHostAgain(): Promise<void> {
    this.#served = await serve(this.home, this.#served?.port);
  }

  /** Closes the page and opens the address that the host printed. */
  async reopen(): Promise<void> {
    this.#problems.push(...(this.#opened?.problems ?? []));
    await this.#opened?.context.close();
    await this.#openPage();
  }

  async #openPage(): Promise<void> {
    if (this.#browser === undefined || this.#served === undefined) throw new Error('the session was not started');
    this.#opened = await openPage(this.#browser, this.#served.url);
  }

  run(name: string): string {
    const id = this.runs[name];
    if (id === undefined) throw new Error(`the run ${name} was not started`);
    return id;
  }

  /** Fills a form that is open and starts its run; returns the run's id once its page is shown. */
  async startRun(name: string, entries: Record<string, string>): Promise<string> {
    const { page } = this;
    for (const [title, value] of Object.entries({ Name: name, ...entries }))
      await page.getByLabel(title, { exact: true }).fill(value);
    await page.getByRole('button', { name: /^(Start|Queue) run$/ }).click();
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    const id = /#\/runs\/(r-[0-9a-z]+)/.exec(page.url())?.[1] ?? '';
    this.runs[name] = id;
    return id;
  }

  /** From a run's page to a form that is filled with its configuration. */
  async duplicate(): Promise<void> {
    await this.page.getByRole('button', { name: 'Duplicate…' }).click();
    await this.page.getByRole('heading', { level: 1, name: /^New run, like/ }).waitFor();
  }

  /** Has axe look at the page in both themes; the findings are judged together, so that one does not hide the others. */
  async lookAt(what: string): Promise<void> {
    this.looked += 1;
    this.findings.push(...(await findingsInBothThemes(this.page, what)));
  }
}
