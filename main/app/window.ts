import { fileURLToPath } from 'node:url';
import { BrowserWindow, nativeTheme, screen, type Rectangle } from 'electron';
import { applicationFile } from '../../shared/place.ts';
import { trustPage } from './ipc/mainSide.ts';
import { pageAddress } from './page.ts';
import { type WindowState } from './settings.ts';
import { startBounds, stateOf } from './windowState.ts';

/** The page's own background in both themes, so that nothing flashes before it is drawn. */
const backgrounds = { dark: '#15171a', light: '#f6f7f8' } as const;

export interface WindowOptions {
  state: WindowState | undefined;
  /** Where the page's router begins. */
  route: string;
  onState: (state: WindowState) => void;
}

/** The window with the page in it: isolated, sandboxed, shown once there is something to see. */
export function openWindow({ state, route, onState }: WindowOptions): BrowserWindow {
  const areas = screen.getAllDisplays().map(({ workArea }): Rectangle => workArea);
  const background = (): string => (nativeTheme.shouldUseDarkColors ? backgrounds.dark : backgrounds.light);
  const window = new BrowserWindow({
    ...startBounds(state, areas),
    minWidth: 960,
    minHeight: 600,
    show: false,
    title: 'Decant',
    backgroundColor: background(),
    icon: fileURLToPath(applicationFile('resources/icons/decant.png')),
    webPreferences: {
      preload: fileURLToPath(applicationFile('dist/preload/preload.cjs')),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      // Its dictionaries would be fetched.
      spellcheck: false,
    },
  });
  trustPage(window.webContents);
  if (state?.maximised === true) window.maximize();
  window.once('ready-to-show', () => window.show());
  const recolour = (): void => {
    window.setBackgroundColor(background());
  };
  nativeTheme.on('updated', recolour);
  window.once('closed', () => nativeTheme.off('updated', recolour));
  window.on('close', () => {
    onState(windowState(window));
  });
  // A page that cannot be loaded is shown nevertheless: an empty window tells more than none.
  window.loadURL(pageAddress(route)).catch(() => window.show());
  return window;
}

/** What to remember of a window. */
export function windowState(window: BrowserWindow): WindowState {
  return stateOf(window.getNormalBounds(), window.isMaximized());
}
