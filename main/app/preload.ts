import { contextBridge, webUtils } from 'electron';
import { type DecantBridge } from '../../shared/bridge.ts';
import { call, hear, say } from './ipc/preloadSide.ts';

/** The page's whole view of the desktop; runs sandboxed, bundled into one CommonJS file. */
const bridge: DecantBridge = {
  post: (text) => {
    say('page.text', text);
  },
  onMessage: (listener) => hear('host.text', listener),
  platform: { kind: 'electron', os: process.platform },
  chooseImport: (kind) => call('import.choose', kind),
  grantFiles: (files) => {
    const paths = files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== '');
    if (paths.length === 0) return Promise.reject(new Error('FILE_UNREADABLE: what was dropped is no file of a disk'));
    return call('import.grant', paths);
  },
  startDrag: (exportJobs) => {
    say('export.drag', [...exportJobs]);
  },
  saveExport: (exportJob) => call('export.save', exportJob),
};

say('page.open', undefined);
contextBridge.exposeInMainWorld('decant', bridge);
