import { fileURLToPath } from 'node:url';
import { type Command } from 'commander';
import { applicationFile } from '../../../shared/place.ts';
import { findLockHolder } from '../../host/lock.ts';
import { openInBrowser, hasScreen } from '../browser.ts';
import { applicationPieces, ensureBuilt, windowPiece } from '../build.ts';
import { contextOf, type Context } from '../context.ts';
import { fetchElectron, findElectron, runElectron } from '../electron.ts';
import { serveUntilTold } from '../serving.ts';
import { wholeNumber } from '../values.ts';

const root = fileURLToPath(applicationFile(''));

interface StartOptions {
  port?: number;
  browser?: true;
  /** False for --no-build. */
  build: boolean;
}

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .option('--browser', 'use the default browser, not the window of the desktop application')
    .option('--port <n>', 'port on 127.0.0.1 for the browser; a free one without it', wholeNumber)
    .option('--no-build', 'use what was built before as it is')
    .description('open Decant: its window, or the same in the default browser where there is no Electron')
    .action(async (options: StartOptions, command: Command) => {
      const context = contextOf(command);
      const inBrowser = options.browser === true || options.port !== undefined || context.output.json;
      if (!inBrowser && (await startDesktop(context, options, command.optsWithGlobals<{ home?: string }>().home)))
        return;
      await startInBrowser(context, options);
    });
}

/** Runs the desktop application. False where it cannot be had here, said why. */
async function startDesktop({ output }: Context, { build }: StartOptions, home?: string): Promise<boolean> {
  const note = (text: string): void => output.note(text);
  if (!hasScreen()) return false;
  if (findElectron(root) === undefined && !(await fetchElectron(root, note))) {
    note('Electron could not be fetched: going on in the browser. `npx install-electron` tries it again.');
    return false;
  }
  const program = findElectron(root);
  if (program === undefined) return false;
  if (build && !(await ensureBuilt(root, [...applicationPieces, windowPiece], note))) return false;
  const status = await runElectron(program, root, home === undefined ? [] : ['--home', home]);
  if (status === undefined) {
    note('Electron could not open a window here: going on in the browser.');
    return false;
  }
  process.exitCode = status;
  return true;
}

async function startInBrowser(context: Context, { port, build }: StartOptions): Promise<void> {
  const { home, output } = context;
  const holder = await findLockHolder(home);
  if (holder !== undefined) {
    output.result(
      { home, pid: holder.pid },
      `Decant already has ${home} open (process ${holder.pid}): commands go through it.`,
    );
    return;
  }
  if (build) await ensureBuilt(root, [windowPiece], (text) => output.note(text));
  await serveUntilTold(context, port, async (web) => {
    const opened = await openInBrowser(web.oneTimeUrl());
    const way = opened ? 'It was opened in the default browser.' : 'Open this address in a browser on this machine.';
    return `${way}\nCtrl-C ends Decant; running jobs save their work first.`;
  });
}
