/** The desktop application: `electron . [--home FOLDER] [FILE…]`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, session } from 'electron';
import { applicationFile } from '../../shared/place.ts';
import { libraryHome } from '../host/connection.ts';
import { Application } from './application.ts';
import { ownArguments, readArguments, secondStartSchema } from './arguments.ts';
import { choosePaths, showFailure } from './dialogs.ts';
import { guardEverything, guardSession } from './guards.ts';
import { registerPageScheme, servePage } from './protocol.ts';
import { SettingsFile } from './settings.ts';

const log = (message: string): void => {
  process.stderr.write(`${message}\n`);
};

const folder = process.cwd();
const given = readArguments(ownArguments(process.argv, app.getAppPath(), app.isPackaged, folder), folder);
/** The library that this start names, if it names one. */
const named = given.home ?? (process.env['DECANT_HOME'] === '' ? undefined : process.env['DECANT_HOME']);
const settings = new SettingsFile(join(app.getPath('userData'), 'settings.json'));

/** What came before the application was open: files that the system hands over one by one. */
let waiting = given.files;
let application: Application | undefined;

function takeFiles(files: string[], home?: string): void {
  if (application === undefined) waiting = [...waiting, ...files];
  else {
    application.show();
    application.take(files, home);
  }
}

/** Tries to open the library until that works or the person gives up. */
async function openApplication(): Promise<void> {
  let home = libraryHome(named ?? settings.current.library);
  while (application === undefined)
    try {
      application = await Application.open(home, settings, log);
    } catch (thrown) {
      log(String(thrown));
      const answer = await showFailure(undefined, thrown, ['Choose another library…', 'Try again', 'Quit']);
      if (answer === 2) {
        app.exit(1);
        return;
      }
      if (answer === 0) {
        const [chosen] = await choosePaths(undefined, { properties: ['openDirectory', 'createDirectory'] });
        if (chosen !== undefined) {
          home = chosen;
          await settings.change({ library: chosen });
        }
      }
    }
  application.take(waiting);
}

/** The system ends: nobody is there to be asked, running jobs save their work. Set once Electron has set its own, which would ask. */
function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (application === undefined) app.exit(0);
      else void application.quit(false);
    });
}

async function start(): Promise<void> {
  endOnSignals();
  guardSession(session.defaultSession);
  servePage(fileURLToPath(applicationFile('dist/renderer')));
  await openApplication();
}

registerPageScheme();
guardEverything(log);
// Every window asks for a sandbox itself; this is for whatever else may appear. Who runs tests as root has to do without the system's part of it.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
app.on('open-file', (event, path) => {
  event.preventDefault();
  takeFiles([path]);
});

if (app.requestSingleInstanceLock({ files: given.files, ...(named !== undefined && { home: libraryHome(named) }) })) {
  app.on('second-instance', (_event, _argv, _folder, data: unknown) => {
    const second = secondStartSchema.safeParse(data);
    application?.show();
    if (second.success) takeFiles(second.data.files, second.data.home);
  });
  // Not awaited at the top level: a packaged application would wait for itself.
  app
    .whenReady()
    .then(start)
    .catch((thrown: unknown) => {
      log(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
      app.exit(1);
    });
} else app.quit();
