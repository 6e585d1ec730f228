/**
 * Who may import whom. A room not named as allowed is forbidden; ARCHITECTURE.md draws the same picture.
 */
const rooms = {
  shared: [],
  'main/files': ['shared'],
  'main/formats': ['shared', 'main/files'],
  'main/sim': ['shared'],
  'main/data': ['shared', 'main/files', 'main/formats'],
  'main/store': ['shared', 'main/files'],
  // The job folder is the paper trail between the host and an engine: both import it, it imports neither.
  'main/jobs/folder': ['shared', 'main/files'],
  'main/jobs': ['shared', 'main/files', 'main/store'],
  // Tools that npm does not carry: the engine puts them up and loads them, the host says what is there.
  'main/setup': ['shared', 'main/files', 'main/jobs/folder'],
  'main/engine': ['shared', 'main/files', 'main/formats', 'main/sim', 'main/data', 'main/jobs/folder', 'main/setup'],
  'main/host': ['shared', 'main/files', 'main/formats', 'main/data', 'main/store', 'main/jobs', 'main/setup'],
  'main/cli': ['shared', 'main/files', 'main/host'],
  // The Electron shell: windows, tray, dialogs around the same host. It never reaches past the host.
  'main/app': ['shared', 'main/files', 'main/host'],
  renderer: ['shared'],
};

const nested = (room) => Object.keys(rooms).filter((other) => other.startsWith(`${room}/`));
const pattern = (room) => `^${room}/`;

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: { path: '^(shared|main|renderer|test)/' },
      // Native back ends are optional packages: their absence is a state that `doctor` explains.
      to: { couldNotResolve: true, pathNot: '^@tensorflow/tfjs-node' },
    },
    { name: 'main-never-imports-test', severity: 'error', from: { path: '^(shared|main)/' }, to: { path: '^test/' } },
    {
      name: 'shared-and-renderer-run-anywhere',
      severity: 'error',
      from: { path: '^(shared|renderer)/', pathNot: '^renderer/vite\\.config\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'electron-stays-in-the-shell',
      severity: 'error',
      from: { pathNot: '^(main/app|test/e2e)/' },
      to: { path: 'node_modules/electron/' },
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room.replaceAll('/', '-')}-imports`,
      severity: 'error',
      from: { path: pattern(room), pathNot: nested(room).map(pattern) },
      to: { path: '^(shared|main|renderer)/', pathNot: [room, ...allowed].map(pattern) },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.cjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
