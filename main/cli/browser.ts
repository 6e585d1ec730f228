import { spawn } from 'node:child_process';

const patience = 3000;

/** Whether there is a screen that a window could appear on. */
export function hasScreen(): boolean {
  if (process.platform === 'win32' || process.platform === 'darwin') return true;
  return [process.env['DISPLAY'], process.env['WAYLAND_DISPLAY']].some((name) => name !== undefined && name !== '');
}

function opener(url: string): [command: string, ...args: string[]] {
  if (process.platform === 'darwin') return ['open', url];
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  return ['xdg-open', url];
}

/** Opens an address in the default browser. Returns whether the system took it; never fails, never waits for long. */
export function openInBrowser(url: string): Promise<boolean> {
  // Without a screen, xdg-open would start a browser of text in this terminal.
  if (!hasScreen()) return Promise.resolve(false);
  const [command, ...args] = opener(url);
  return new Promise((resolve) => {
    const child = spawn(command, args, { detached: true, stdio: 'ignore', windowsHide: true });
    child.unref();
    // Some openers stay for as long as the browser does.
    const timer = setTimeout(() => resolve(true), patience);
    child.once('error', () => {
      clearTimeout(timer);
      resolve(false);
    });
    child.once('exit', (status) => {
      clearTimeout(timer);
      resolve(status === 0);
    });
  });
}
