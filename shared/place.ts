/**
 * Where parts of the program lie, in its sources (.ts, run as they are) and in what the build emits: the same tree with .js files, one
 * folder deeper, in dist.
 */

/** A module that is started by its address: `path`, without an extension, seen from the module whose `import.meta.url` is `from`. */
export function moduleBeside(from: string, path: string): URL {
  return new URL(`${path}${from.endsWith('.ts') ? '.ts' : '.js'}`, from);
}

/** A file or folder of the application that is no module, such as `resources/models/`. */
export function applicationFile(path: string): URL {
  return new URL(`${import.meta.url.endsWith('.ts') ? '../' : '../../'}${path}`, import.meta.url);
}
