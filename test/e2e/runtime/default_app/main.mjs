// What a bare Electron runs: `electron [-r module] folder [arguments]` starts the app in that folder, as the original's default app does.
import { app } from 'electron';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const given = process.argv.slice(1);
let target;
for (let index = 0; index < given.length && target === undefined; index += 1) {
  const argument = given[index];
  if (argument === '-r' || argument === '--require') {
    index += 1;
    // Playwright's loader comes this way.
    require(resolve(given[index]));
  } else if (!argument.startsWith('-')) target = resolve(argument);
}

async function start(path) {
  Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true });
  let entry = path;
  if (statSync(path).isDirectory()) {
    const description = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    app.setName(description.productName ?? description.name);
    if (description.version !== undefined) app.setVersion(description.version);
    app.setAppPath(path);
    entry = join(path, description.main ?? 'index.js');
  }
  await import(pathToFileURL(entry).href);
}

if (target === undefined) {
  console.error('usage: electron [-r module] folder [arguments]');
  process.exit(1);
}
// Awaited: Electron is not ready before this file is done, and the app has things to say before that.
try {
  await start(target);
} catch (thrown) {
  console.error(thrown);
  process.exit(1);
}
