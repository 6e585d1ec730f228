import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { type Downloads } from '../../../main/setup/pinned.ts';
import { type MachineFacts } from '../../../main/setup/requirements.ts';
import { type RunProgram } from '../../../main/setup/programs.ts';

/** A machine that has all it takes. */
export const capable: MachineFacts = {
  platform: 'linux',
  arch: 'x64',
  processorFlags: new Set(['avx']),
  has: () => true,
};

const wheelFiles = {
  'tensorflow/libtensorflow_cc.so.2': 'library',
  'tensorflow/libtensorflow_framework.so.2': 'framework',
  'tensorflow/include/tensorflow/c/c_api.h': 'header',
  'tensorflow/python/something.py': 'unwanted',
};

async function makeWheel(): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(wheelFiles)) zip.addBuffer(Buffer.from(text), name);
  zip.end();
  return buffer(zip.outputStream);
}

const wheelBytes = await makeWheel();

function packed(folder: string, name: string): string {
  const source = join(folder, name);
  mkdirSync(join(source, 'package'), { recursive: true });
  writeFileSync(join(source, 'package', 'index.h'), name);
  const file = join(folder, `${name}.tgz`);
  execFileSync('tar', ['-czf', file, '-C', source, 'package']);
  return file;
}

export interface StandIns {
  downloads: Downloads;
  run: RunProgram;
  /** What was run, as short texts. */
  calls: string[];
}

/** Small downloads, and programs that write what the real ones would. `before` may throw for a call, as a program that was ended. */
export function standIns(folder: string, before: (call: string) => void = () => undefined): StandIns {
  const files = { binding: packed(folder, 'binding'), headers: packed(folder, 'headers') };
  const source = (name: 'binding' | 'headers') => ({
    name,
    version: '1.0.0',
    integrity: `sha512-${createHash('sha512').update(readFileSync(files[name])).digest('base64')}`,
    bytes: 100,
  });
  const wheel = (requirement: string) => ({
    requirement,
    sha256: createHash('sha256').update(wheelBytes).digest('hex'),
    bytes: 1000,
    unpackedBytes: 2000,
  });
  const calls: string[] = [];
  const after = (args: readonly string[], flag: string): string => args[args.indexOf(flag) + 1] ?? '';
  const run: RunProgram = async ({ program, args }, signal) => {
    signal.throwIfAborted();
    let call = program;
    if (args.includes('--version')) return { status: 0, printed: 'pip 24' };
    if (program === 'python3') call = `pip ${basename(after(args, '-d'))}`;
    if (args.includes('pack')) call = `npm ${after(args, 'pack')}`;
    if (program === 'g++') call = `g++ ${basename(after(args, '-o'))}`;
    calls.push(call);
    before(call);
    if (call.startsWith('pip ')) await writeFile(join(after(args, '-d'), 'tensorflow-1-cp312.whl'), wheelBytes);
    else if (call.startsWith('npm ')) {
      const name = call.includes('binding') ? 'binding' : 'headers';
      writeFileSync(join(after(args, '--pack-destination'), `${name}.tgz`), readFileSync(files[name]));
    } else if (program === 'tar') execFileSync('tar', [...args]);
    else if (program === 'g++') {
      const output = after(args, '-o');
      // The link reads what was unpacked and what was compiled.
      for (const input of args.filter((arg) => arg.endsWith('.o') && arg !== output))
        if (!existsSync(input)) return { status: 1, printed: `no ${input}` };
      if (!existsSync(join(dirname(dirname(output)), 'site/tensorflow/libtensorflow_cc.so.2')))
        return { status: 1, printed: 'no library' };
      writeFileSync(output, 'compiled');
    }
    return { status: 0, printed: '' };
  };
  const downloads = {
    wheels: [wheel('tensorflow==1'), wheel('nvidia==2')],
    binding: source('binding'),
    headers: source('headers'),
  };
  return { downloads, run, calls };
}
