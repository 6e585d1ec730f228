import { nativeImage, type BrowserWindow, type WebContents } from 'electron';
import { fileURLToPath } from 'node:url';
import { basename } from 'node:path';
import { type HostClient } from '../../shared/contract.ts';
import { applicationFile } from '../../shared/place.ts';
import { serveChannel } from '../host/transport/session.ts';
import { chooseTarget, choosePaths, showFailure } from './dialogs.ts';
import { markTaken } from '../host/disk/taken.ts';
import { type ExportFiles } from './exports.ts';
import { answerCall, onPageMessage } from './ipc/mainSide.ts';
import { type OpenLibrary } from './library.ts';
import { PageChannel } from './pageChannel.ts';

export interface PageSurroundings {
  library: () => OpenLibrary;
  window: () => BrowserWindow | undefined;
  exports: ExportFiles;
  log: (message: string) => void;
}

/** Everything that the page can have of the application: texts to the host, grants, drags, saved files. */
export class PageServices {
  readonly #channels = new Map<WebContents, PageChannel>();
  readonly #surroundings: PageSurroundings;

  constructor(surroundings: PageSurroundings) {
    this.#surroundings = surroundings;
    const { library, window, exports, log } = surroundings;
    onPageMessage('page.open', (_nothing, contents) => this.#begin(contents), log);
    onPageMessage('page.text', (text, contents) => this.#channels.get(contents)?.receive(text), log);
    onPageMessage('export.drag', (jobs, contents) => void this.#drag(jobs, contents), log);
    answerCall('import.grant', (paths) => grantPaths(library().client, paths));
    answerCall('import.choose', async (kind) => {
      const paths = await chooseImport(window(), kind);
      return paths.length === 0 ? undefined : grantPaths(library().client, paths);
    });
    answerCall('export.save', async (job) => {
      const { file } = await exports.verified(job);
      const target = await chooseTarget(window(), file);
      if (target === undefined) return false;
      await exports.copy(job, target);
      return true;
    });
  }

  /** Ends every page's connection: the library changes, or the application ends. */
  endAll(): void {
    for (const channel of this.#channels.values()) void channel.close();
    this.#channels.clear();
  }

  #begin(contents: WebContents): void {
    void this.#channels.get(contents)?.close();
    if (!this.#channels.has(contents))
      contents.once('destroyed', () => {
        void this.#channels.get(contents)?.close();
        this.#channels.delete(contents);
      });
    const channel = new PageChannel(contents);
    this.#channels.set(contents, channel);
    serveChannel(this.#surroundings.library().core, channel, false);
  }

  /** Native drags need finished files at once: each was made before its card became draggable, and is looked at again here. */
  async #drag(jobs: readonly string[], contents: WebContents): Promise<void> {
    const { exports, window, log } = this.#surroundings;
    try {
      const files: string[] = [];
      for (const job of jobs) files.push((await exports.verified(job)).path);
      const [file] = files;
      if (file === undefined || contents.isDestroyed()) return;
      contents.startDrag({ file, files, icon: dragIcon() });
      for (const path of files) await markTaken(path);
      log(`dragging ${files.map((path) => basename(path)).join(', ')}`);
    } catch (thrown) {
      await showFailure(window(), thrown);
    }
  }
}

function dragIcon(): Electron.NativeImage {
  return nativeImage.createFromPath(fileURLToPath(applicationFile('resources/icons/drag.png')));
}

export async function grantPaths(client: HostClient, paths: string[]): Promise<string> {
  return (await client.request('grants.create', { paths, use: 'read' })).grant;
}

/** Datasets and checkpoints are recognised by their content; the names only sort what is shown. */
export function chooseImport(window: BrowserWindow | undefined, kind: 'files' | 'folder'): Promise<string[]> {
  if (kind === 'folder')
    return choosePaths(window, { title: 'Import a folder of chunks', properties: ['openDirectory'] });
  return choosePaths(window, {
    title: 'Import datasets, checkpoints or runs',
    properties: ['openFile', 'multiSelections'],
    filters: [
      { name: 'Chunks, checkpoints and runs', extensions: ['pt', 'safetensors', 'decant'] },
      { name: 'All files', extensions: ['*'] },
    ],
  });
}
