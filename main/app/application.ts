import { basename } from 'node:path';
import { app, shell, type BrowserWindow } from 'electron';
import { type HostEvent } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { Activity, quitQuestion } from './activity.ts';
import { copyLibrary } from './copyLibrary.ts';
import { Desk } from './desk.ts';
import { ask, choosePaths, showFailure } from './dialogs.ts';
import { ExportFiles } from './exports.ts';
import { openLibrary, type OpenLibrary } from './library.ts';
import { setMenu } from './menu.ts';
import { pageAddress } from './page.ts';
import { chooseImport, grantPaths, PageServices } from './pageServices.ts';
import { type SettingsFile } from './settings.ts';
import { openWindow, windowState } from './window.ts';

/** The desktop application around one library: its window, what the desktop shows of it, and its end. */
export class Application {
  readonly #settings: SettingsFile;
  readonly #log: (message: string) => void;
  readonly #activity = new Activity();
  readonly #desk: Desk;
  readonly #page: PageServices;
  #library: OpenLibrary;
  #unsubscribe: () => void = () => undefined;
  #window: BrowserWindow | undefined;
  /** Where the page's router was when the window was last seen. */
  #route = '';
  #state: 'running' | 'asking' | 'ending' | 'ended' = 'running';
  #crashed = 0;

  private constructor(settings: SettingsFile, library: OpenLibrary, log: (message: string) => void) {
    this.#settings = settings;
    this.#library = library;
    this.#log = log;
    this.#desk = new Desk(this.#activity, { open: (route) => this.show(route), quit: () => app.quit() });
    this.#page = new PageServices({
      library: () => this.#library,
      window: () => this.#window,
      exports: new ExportFiles(() => this.#library.client),
      log,
    });
    setMenu({
      open: (route) => this.show(route),
      importFiles: () => this.#attempt(() => this.#importByDialog()),
      chooseLibrary: () => this.#attempt(() => this.#chooseLibrary()),
      moveLibrary: () => this.#attempt(() => this.#moveLibrary()),
      openLibraryFolder: () => void shell.openPath(this.#library.home),
    });
    app.on('before-quit', (event) => {
      if (this.#state === 'ended') return;
      event.preventDefault();
      void this.quit(true);
    });
    // Running jobs keep the application; without them the last window ends it, as is usual but for macOS.
    app.on('window-all-closed', () => {
      if (this.#state !== 'running') return;
      if (this.#activity.running.length > 0 || this.#activity.queued > 0) this.#desk.tellHidden();
      else if (process.platform !== 'darwin') app.quit();
    });
    app.on('activate', () => this.show());
  }

  /** Opens the library, then the window. Errors: those of opening a library. */
  static async open(home: string, settings: SettingsFile, log: (message: string) => void): Promise<Application> {
    let gone: () => void = () => undefined;
    const library = await openLibrary(home, log, () => gone());
    const application = new Application(settings, library, log);
    gone = () => application.#onHostGone();
    await application.#follow();
    application.show();
    return application;
  }

  /** Shows the window, opening it where it was closed; at a place of the page, if one is given. */
  show(route?: string): void {
    if (this.#state === 'ending' || this.#state === 'ended') return;
    if (this.#window === undefined) this.#openWindow(route ?? this.#route);
    else {
      if (route !== undefined) this.#window.loadURL(pageAddress(route)).catch(() => undefined);
      if (this.#window.isMinimized()) this.#window.restore();
      this.#window.show();
      this.#window.focus();
    }
  }

  /** What a start of the application was given: files to import, and the library that it named, which takes the place of this one. */
  take(paths: string[], home?: string): void {
    this.#attempt(async () => {
      if (home !== undefined && !(await this.#changeLibrary(home, false))) return;
      if (paths.length > 0) await this.#import(paths);
    });
  }

  /** Ends the application: asks where jobs would be stopped, lets them save, gives the library up. */
  async quit(mayAsk: boolean): Promise<void> {
    if (this.#state === 'ending' || this.#state === 'ended' || (this.#state === 'asking' && mayAsk)) return;
    const question = mayAsk && this.#library.own ? quitQuestion(this.#activity.running) : undefined;
    if (question !== undefined) {
      this.#state = 'asking';
      const buttons = ['Quit', 'Cancel'];
      const answer = await ask(this.#window, {
        type: 'question',
        ...question,
        buttons,
        defaultId: 1,
        cancelId: 1,
        noLink: true,
      });
      if (answer !== 0) {
        this.#state = 'running';
        return;
      }
    }
    this.#state = 'ending';
    await this.#closeWindow();
    await this.#leave().catch((thrown: unknown) => this.#log(String(thrown)));
    this.#desk.close();
    this.#state = 'ended';
    app.quit();
  }

  /** At once, whatever the page might want; jobs may need a while to save, and nobody should have to watch that. */
  async #closeWindow(): Promise<void> {
    if (this.#window === undefined) return;
    const state = windowState(this.#window);
    this.#window.destroy();
    await this.#settings.change({ window: state }).catch((thrown: unknown) => this.#log(String(thrown)));
  }

  async #follow(): Promise<void> {
    this.#activity.clear();
    const { client } = this.#library;
    this.#unsubscribe = client.subscribe((event) => this.#hear(event));
    for (const job of await client.request('jobs.list', {})) this.#activity.update(job);
    this.#desk.show(this.#window);
  }

  #hear(event: HostEvent): void {
    if (event.type === 'job') {
      const ended = this.#activity.update(event.job);
      if (ended !== undefined) this.#desk.tell(ended, this.#window);
    } else if (event.type === 'deleted') this.#activity.remove(event.id);
    else return;
    this.#desk.show(this.#window);
  }

  #openWindow(route: string): void {
    const window = openWindow({
      state: this.#settings.current.window,
      route,
      onState: (state) => this.#attempt(() => this.#settings.change({ window: state })),
    });
    this.#window = window;
    window.setTitle(`Decant – ${basename(this.#library.home)}`);
    window.on('page-title-updated', (event) => event.preventDefault());
    window.webContents.on('did-navigate-in-page', (_event, address) => {
      this.#route = new URL(address).hash.slice(1);
    });
    window.webContents.on('render-process-gone', (_event, { reason }) => this.#onPageGone(window, reason));
    window.on('closed', () => {
      this.#window = undefined;
    });
    this.#desk.show(window);
  }

  /** The page holds nothing that the host does not: it is loaded again, unless that does not help. */
  #onPageGone(window: BrowserWindow, reason: string): void {
    this.#log(`the page's process ended: ${reason}`);
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    const again = Date.now() - this.#crashed > 10_000;
    this.#crashed = Date.now();
    if (again) window.webContents.reload();
    else this.#attempt(() => Promise.reject(new Error(`the window's process ended twice (${reason})`)));
  }

  /** The host of another process ended: this one takes its place. */
  #onHostGone(): void {
    if (this.#state === 'running') this.#attempt(() => this.#enter(this.#library.home));
  }

  async #enter(home: string): Promise<void> {
    this.#page.endAll();
    this.#unsubscribe();
    this.#library = await openLibrary(home, this.#log, () => this.#onHostGone());
    await this.#follow();
    this.#window?.setTitle(`Decant – ${basename(home)}`);
    this.#window?.webContents.reload();
  }

  async #leave(): Promise<void> {
    this.#page.endAll();
    this.#unsubscribe();
    await this.#library.close();
  }

  async #importByDialog(): Promise<void> {
    const paths = await chooseImport(this.#window, 'files');
    if (paths.length > 0) await this.#import(paths);
  }

  async #import(paths: string[]): Promise<void> {
    const { client } = this.#library;
    await client.request('import.start', { grant: await grantPaths(client, paths) });
  }

  async #chooseLibrary(): Promise<void> {
    const [home] = await this.#chooseFolder('Choose a library folder', 'Use this folder');
    if (home !== undefined) await this.#changeLibrary(home, true);
  }

  /** False where the person would rather let the jobs of this library run. */
  async #changeLibrary(home: string, remember: boolean): Promise<boolean> {
    if (home === this.#library.home) return true;
    if (!(await this.#mayStop('Changing the library'))) return false;
    await this.#switchTo(home);
    if (remember) await this.#settings.change({ library: home });
    return true;
  }

  /** Copies, reads back, switches; the old folder is left as it is. */
  async #moveLibrary(): Promise<void> {
    const { home: from, own } = this.#library;
    if (!own) throw new DecantError('LIBRARY_LOCKED', `${from} belongs to a host in another process: end that first`);
    const [to] = await this.#chooseFolder('Choose an empty folder to move the library to', 'Move here');
    if (to === undefined || !(await this.#mayStop('Moving the library'))) return;
    await this.#leave();
    try {
      const { files } = await copyLibrary(from, to, (done, total) =>
        this.#window?.setProgressBar(total === 0 ? 1 : done / total),
      );
      await this.#enter(to);
      await this.#settings.change({ library: to });
      await ask(this.#window, {
        type: 'info',
        message: 'The library was moved',
        detail: `${files} files were copied to ${to} and read back. The old folder, ${from}, was left as it is: delete it when you no longer want it.`,
      });
    } catch (thrown) {
      if (this.#library.home === from) await this.#enter(from);
      throw thrown;
    }
  }

  #chooseFolder(title: string, buttonLabel: string): Promise<string[]> {
    return choosePaths(this.#window, { title, buttonLabel, properties: ['openDirectory', 'createDirectory'] });
  }

  async #switchTo(home: string): Promise<void> {
    const from = this.#library.home;
    await this.#leave();
    try {
      await this.#enter(home);
    } catch (thrown) {
      await this.#enter(from);
      throw thrown;
    }
  }

  async #mayStop(what: string): Promise<boolean> {
    const { length } = this.#activity.running;
    if (length === 0 || !this.#library.own) return true;
    const answer = await ask(this.#window, {
      type: 'question',
      message: `${what} stops what runs. Go on?`,
      detail: 'Training runs first write a checkpoint, and can be resumed from it.',
      buttons: ['Go on', 'Cancel'],
      defaultId: 1,
      cancelId: 1,
      noLink: true,
    });
    return answer === 0;
  }

  #attempt(action: () => Promise<unknown>): void {
    action().catch((thrown: unknown) => {
      this.#log(String(thrown));
      void showFailure(this.#window, thrown);
    });
  }
}
