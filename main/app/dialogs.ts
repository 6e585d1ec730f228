import { dialog, type BrowserWindow, type MessageBoxOptions, type OpenDialogOptions } from 'electron';
import { errorCatalogue, toErrorReport } from '../../shared/errors.ts';

/** Dialogs belong to the window where there is one. */
export async function ask(window: BrowserWindow | undefined, options: MessageBoxOptions): Promise<number> {
  const answer = await (window === undefined ? dialog.showMessageBox(options) : dialog.showMessageBox(window, options));
  return answer.response;
}

/** The paths chosen; empty where the dialog was closed. */
export async function choosePaths(window: BrowserWindow | undefined, options: OpenDialogOptions): Promise<string[]> {
  const answer = await (window === undefined ? dialog.showOpenDialog(options) : dialog.showOpenDialog(window, options));
  return answer.canceled ? [] : answer.filePaths;
}

/** Where to save; undefined where the dialog was closed. */
export async function chooseTarget(window: BrowserWindow | undefined, name: string): Promise<string | undefined> {
  const options = { defaultPath: name };
  const answer = await (window === undefined ? dialog.showSaveDialog(options) : dialog.showSaveDialog(window, options));
  return answer.canceled || answer.filePath === '' ? undefined : answer.filePath;
}

/** Says what failed and what to do about it, and offers what may be done here. */
export function showFailure(
  window: BrowserWindow | undefined,
  thrown: unknown,
  buttons: string[] = ['OK'],
): Promise<number> {
  const { code, detail } = toErrorReport(thrown);
  const { title, action } = errorCatalogue[code];
  return ask(window, { type: 'error', message: title, detail: `${detail}\n\n${action}`, buttons, noLink: true });
}
