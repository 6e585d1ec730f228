import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sizeOfArchitecture } from '../../shared/architecture.ts';
import { startBackend } from '../../main/engine/compute/backend.ts';
import { type Backend } from '../../main/engine/compute/program.ts';
import { checkFixtures } from './fixtures.ts';
import { FixtureSet } from './fixtureSet.ts';
import { checkParity, parityCases } from './parity.ts';
import { Report } from './report.ts';
import { checkSimulator } from './simulator.ts';

/** Backends by the names of this command. */
const backends = { eager: 'wasm', onnx: 'onnx', tensorflow: 'tensorflow' } as const;
const usage = `usage: npm run conformance -- DIR [--backend ${Object.keys(backends).join('|')}] [--parity] [--require fixtures,sim]`;

function isBackend(name: string): name is keyof typeof backends {
  return Object.hasOwn(backends, name);
}
const simulatorFolders = ['models', 'rollouts', 'reward_probes'];

function fixtureFolders(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith('fixtures') && statSync(join(directory, name)).isDirectory())
    .sort()
    .map((name) => join(directory, name));
}

function readArguments() {
  const options = {
    backend: { type: 'string', default: 'eager' },
    parity: { type: 'boolean', default: false },
    require: { type: 'string', default: '' },
  } as const;
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch {
    return { values: { backend: '', parity: false, require: '' }, positionals: [] };
  }
}

/** Updates of the 1M model in `folders` against eager ones. Returns whether there was one. */
async function compareWithEager(folders: readonly string[], backend: Backend, report: Report): Promise<boolean> {
  const eager = await startBackend(backends.eager);
  let found = false;
  for (const folder of folders) {
    const set = await FixtureSet.open(folder, report);
    if (sizeOfArchitecture(set.architecture) !== 1) continue;
    found = true;
    for (const parity of parityCases) await checkParity(set, eager, backend, parity);
  }
  return found;
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  const [directory] = positionals;
  const required = values.require.split(',').filter((part) => part !== '');
  if (
    directory === undefined ||
    positionals.length > 1 ||
    required.some((part) => part !== 'fixtures' && part !== 'sim')
  ) {
    console.error(usage);
    return 2;
  }
  if (!isBackend(values.backend)) {
    console.log(`there is no backend ${values.backend}; ${usage}`);
    console.log('0 passed, 0 failed');
    return 1;
  }
  if (!existsSync(directory)) {
    console.log(`there is no folder ${directory}`);
    console.log('0 passed, 0 failed');
    return 1;
  }
  const report = new Report();
  const missing: string[] = [];

  const folders = fixtureFolders(directory);
  const backend = await startBackend(backends[values.backend]);
  for (const folder of folders) {
    try {
      await checkFixtures(folder, backend, report);
    } catch (error) {
      report.fail(folder, error instanceof Error ? error.message : String(error));
    }
  }
  if (values.parity && !(await compareWithEager(folders, backend, report))) missing.push('a 1M model for --parity');
  if (required.includes('fixtures') && folders.length === 0) missing.push('fixtures');

  const notBuiltBefore = report.notBuiltItems.length;
  const present = simulatorFolders.filter((name) => existsSync(join(directory, name)));
  if (present.length > 0) await checkSimulator(directory, report);
  const incomplete = present.length < simulatorFolders.length || report.notBuiltItems.length > notBuiltBefore;
  if (required.includes('sim') && incomplete) missing.push('sim');

  for (const part of missing) console.log(`required, but absent or not built: ${part}`);
  report.finish();
  return report.failed > 0 || report.checked === 0 || missing.length > 0 ? 1 : 0;
}

process.exitCode = await main();
