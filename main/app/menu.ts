import { app, Menu, type MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  open: (route: string) => void;
  importFiles: () => void;
  chooseLibrary: () => void;
  moveLibrary: () => void;
  openLibraryFolder: () => void;
}

const pages = [
  ['Runs', '/runs'],
  ['New run', '/new'],
  ['Datasets', '/datasets'],
  ['Checkpoints', '/checkpoints'],
  ['Library', '/library'],
  ['Device', '/device'],
] as const;

/** The application's menus, with the accelerators that each platform expects. */
export function setMenu(actions: MenuActions): void {
  const mac = process.platform === 'darwin';
  const template: MenuItemConstructorOptions[] = [
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      submenu: [
        { label: 'New run', accelerator: 'CmdOrCtrl+N', click: () => actions.open('/new') },
        { label: 'Import…', accelerator: 'CmdOrCtrl+O', click: actions.importFiles },
        { type: 'separator' },
        { label: 'Choose library folder…', click: actions.chooseLibrary },
        { label: 'Move library…', click: actions.moveLibrary },
        { label: 'Show library folder', click: actions.openLibraryFolder },
        { type: 'separator' },
        { role: 'close' },
        ...(mac ? [] : [{ label: 'Quit', accelerator: 'Ctrl+Q', click: () => app.quit() }]),
      ],
    },
    { role: 'editMenu' },
    {
      label: '&Go',
      submenu: pages.map(([label, route], index) => ({
        label,
        accelerator: `CmdOrCtrl+${index + 1}`,
        click: () => actions.open(route),
      })),
    },
    {
      label: '&View',
      submenu: [
        { role: 'reload' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' as const }]),
      ],
    },
    { role: 'windowMenu' },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
