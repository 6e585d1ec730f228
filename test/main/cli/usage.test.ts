import { setTimeout as delay } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Store } from '../../../main/store/store.ts';
import { prepareLibrary } from '../jobs/prepare.ts';
import { checkpointFacts } from '../store/facts.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { decant, decantHere, decantJson, startDecant } from './run.ts';

describe('wrong usage ends with 2', () => {
  it.each([
    [['frobnicate'], /unknown command/],
    [['runs', '--frobnicate'], /unknown option/],
    [['import'], /missing required argument/],
    [['collect', '--tasks', 'walk', '--episodes', '1'], /walk: allowed are/],
    [['collect', '--tasks', 'mt30', '--episodes', 'x'], /no whole number/],
    [['train'], /either --preset or --config/],
    [['export', '--checkpoint', 'c', '--format', 'gguf'], /allowed are safetensors, pt/],
    [['evaluate', '--checkpoint', 'c', '--tasks', 'mt30', '--planner', 'cem'], /allowed are policy, mppi/],
    [['evaluate', '--checkpoint', 'c', '--tasks', 'mt30', '--planner', 'mppi', '--sample'], /mppi always draws/],
    [['bench', '--seconds', '0'], /from 1 to 600/],
    [['doctor', '--setup', 'caffe'], /there is one for tensorflow/],
    [['doctor', '--setup', 'tensorflow', '--remove', 'tensorflow'], /exclude each other/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await decantHere(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(stdout).toBe('');
  });
});

describe('what later versions bring says so', () => {
  it.each([
    [['export', '--checkpoint', 'c', '--format', 'onnx'], /safetensors and pt/],
    [['export', '--checkpoint', 'c', '--precision', 'int8'], /fp32 and fp16/],
  ])('%j', async (args, message) => {
    const { status, stderr } = await decantHere(...args);
    expect(stderr).toMatch(/^NOT_BUILT: /);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });
});

it('help and version end with 0', async () => {
  const { status, stdout } = await decantHere('--help');
  expect(status).toBe(0);
  for (const name of ['start', 'doctor', 'serve', 'import', 'datasets', 'checkpoints', 'runs', 'show', 'delete'])
    expect(stdout).toContain(`\n  ${name} `);
  for (const name of [
    'usage',
    'free',
    'verify',
    'collect',
    'label',
    'train',
    'stop',
    'resume',
    'metrics',
    'evaluate',
    'export',
    'bench',
  ])
    expect(stdout).toContain(`\n  ${name} `);
  expect((await decant('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it('a failure is one message: code, what happened, what to do, no stack', async () => {
  const home = temporaryFolder();
  const { status, stdout, stderr } = await decant('show', 'nothing', '--home', home);
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^NOT_FOUND: Nothing in the library has that id\.\n.*"nothing"\nLook for it.*\n$/);
  const machine = await decantHere('show', 'nothing', '--home', home, '--json');
  expect(JSON.parse(machine.stdout)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  const debug = await startDecant(['show', 'nothing', '--home', home], { DECANT_DEBUG: '1' }).ended;
  expect(debug.stderr).toMatch(/\n\s+at /);
});

it('what a name holds does not reach the terminal as it is', async () => {
  const { stderr } = await decantHere('show', 'a\u001b]0;b\u0007', '--home', temporaryFolder());
  expect(stderr).toContain(String.raw`a\x1b]0;b\x07`);
  expect(stderr).not.toContain('\u001b');
});

it('a host in the background that cannot start says why', async () => {
  const home = temporaryFolder();
  writeFileSync(join(home, 'decant.sqlite'), 'no database');
  const { status, stderr } = await decant('train', '--preset', 'quick', '--detach', '--home', home);
  expect(stderr).toMatch(/^LIBRARY_CORRUPT: /);
  expect(status).toBe(1);
});

it('a configuration that cannot be used is explained', async () => {
  const home = temporaryFolder();
  await prepareLibrary(home);
  const file = join(home, 'my.json');
  const train = (...more: string[]): ReturnType<typeof decant> =>
    decant('train', '--config', file, '--home', home, ...more);
  expect((await train()).stderr).toMatch(/^FILE_UNREADABLE: .*\n.*my\.json/);
  writeFileSync(file, '{"method":');
  expect((await train()).stderr).toMatch(/^CONFIG_INVALID: .*\n.*my\.json is not JSON/);
  writeFileSync(file, '{"method": "scratch", "dataset": "data"}');
  const wrong = await train('--set', 'student.sise=3', '--set', 'steps=0');
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toMatch(/\nstudent\.sise: there is no such entry; allowed here: size, numQ, init\n/);
  expect(wrong.stderr).toMatch(/\nsteps: 0 was given; more than 0 is allowed\n/);
  expect((await decantHere('train', '--preset', 'paper', '--home', home)).stderr).toMatch(
    /^PRESET_UNKNOWN: [^]*quick, paper-/,
  );
});

it('DECANT_HOME names the library, --home beats it', async () => {
  const [first, second] = [temporaryFolder(), temporaryFolder()];
  const store = await Store.open(first);
  await store.contents.addImported(null, 'one', checkpointFacts('one'));
  await store.close();
  const list = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await startDecant(['checkpoints', '--json', ...args], { DECANT_HOME: first }).ended).stdout);
  expect(await list()).toMatchObject([{ name: 'one' }]);
  expect(await list('--home', second)).toEqual([]);
});

it('a running host is gone through, and a second one refused', async () => {
  const home = temporaryFolder();
  const served = startDecant(['serve', '--home', home, '--json']);
  const address = await new Promise<string>((resolve) => served.child.stdout?.once('data', resolve));
  const { url, pid } = JSON.parse(address) as { url: string; pid: number };
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=/);
  expect(await (await fetch(url)).text()).toContain('<title>Decant</title>');
  expect(await decantJson('runs', '--home', home)).toEqual([]);
  const second = await decant('serve', '--home', home);
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(new RegExp(`^LIBRARY_LOCKED: [^]*process ${pid} `));
  expect((await decant('start', '--browser', '--home', home)).stdout).toContain(`process ${pid}`);
  // The terminal's and the launcher's: one Ctrl-C arrives twice.
  served.child.kill('SIGINT');
  await delay(5);
  served.child.kill('SIGINT');
  expect(await served.ended).toMatchObject({ status: 0, stderr: expect.stringContaining('Ending') as unknown });
  expect(await decantJson('datasets', '--home', home)).toEqual([]);
});
