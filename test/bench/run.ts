/** Speed of Decant against PyTorch: `npm run bench -- update|plan|label`, `check DIR`, `expect`; --help lists the options. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { wouldUseGpu } from '../../main/engine/compute/tensorflow/load.ts';
import { architectureOfSize } from '../../shared/architecture.ts';
import { ChildEnded } from './child.ts';
import { checkTorch, fixtureFolders } from './check.ts';
import { expectationLines, expectUpdate, rtx3060 } from './expectation.ts';
import { describeMachine, loadOfLastMinute, unrest } from './machine.ts';
import { measure } from './measure.ts';
import { type BenchOptions, readRequest, UsageError } from './options.ts';
import { benchPython, PythonMissing } from './python.ts';
import { reportLines, reportOf } from './report.ts';
import { designOf } from './sides.ts';
import { median } from './statistics.ts';
import { torchDevice } from './torchDevice.ts';

/** Without PyTorch only the kind of time depends on it. */
async function findsGpu(python: string | undefined): Promise<boolean> {
  if (python === undefined) return true;
  const { stdout } = await promisify(execFile)(python, ['-c', 'import torch; print(torch.cuda.is_available())']);
  return stdout.trim() === 'True';
}

async function bench(options: BenchOptions): Promise<number> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const python = options.alone ? undefined : await benchPython();
  const loadBefore = loadOfLastMinute();
  const design = designOf(options, await torchDevice(options, wouldUseGpu, () => findsGpu(python)));
  const measured = await measure(design, { ...options, python, report });
  const foreign = median(measured.flatMap((one) => one.foreign));
  const result = reportOf(design, measured, {
    what: options.what,
    dropout: options.dropout,
    batch: options.batch,
    size: options.size,
    machine: await describeMachine(),
    loadBefore,
    foreignCores: foreign,
    warning: unrest(loadBefore, foreign),
  });
  for (const line of reportLines(result)) console.log(line);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
  return 0;
}

async function check(given: readonly string[]): Promise<number> {
  const folders = fixtureFolders(given);
  if (folders.length > 0) return checkTorch(await benchPython(), folders);
  console.log(`no folder of fixtures in ${given.join(', ')}`);
  return 1;
}

async function main(): Promise<number> {
  try {
    const request = readRequest(process.argv.slice(2));
    switch (request.command) {
      case 'bench':
        return await bench(request.options);
      case 'check':
        return await check(request.folders);
      case 'expect': {
        const { size, batch } = request;
        const expected = expectUpdate(rtx3060, architectureOfSize(size), batch);
        for (const line of expectationLines(rtx3060, size, batch, expected, 3)) console.log(line);
        return 0;
      }
    }
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof PythonMissing || error instanceof ChildEnded)) throw error;
    console.error(error.message);
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exitCode = await main();
