import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCurrentFuseWire, FuseV1Options } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDesktop, startDecant, startEnvironment, type Desktop, type Started } from './support/desktop.ts';
import { packDecant } from './support/packed.ts';
import { askHost, finishJob, grantThroughPage, waitForAnswer } from './support/pageHost.ts';
import { findReference, skipOrFail } from './support/requirements.ts';

const desktop = await openDesktop();
const reference = findReference();
if ('missing' in desktop) skipOrFail('electron', desktop.missing);
if ('missing' in reference) skipOrFail('reference', reference.missing);

/** How a fuse lies in the program: the digits 0 and 1 as characters. */
const [off, on] = [48, 49];

/** The archive that people would get, on the same path as the built tree. */
describe.skipIf('missing' in desktop || process.platform !== 'linux')('the packed application', () => {
  let folder: string;
  let program: string;
  let started: Started;
  const here = desktop as Desktop;
  const withReference = it.skipIf('missing' in reference);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'decant-packed-'));
    program = await packDecant(here.runtime, folder);
    started = await startDecant(here, { folder, packed: program });
  });
  afterAll(async () => {
    await started.close();
    here.display.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is the archive, with its fuses blown', async () => {
    expect(await started.app.evaluate(({ app }) => [app.isPackaged, app.getAppPath().endsWith('app.asar')])).toEqual([
      true,
      true,
    ]);
    const fuses = await getCurrentFuseWire(program);
    expect(fuses[FuseV1Options.RunAsNode]).toBe(off);
    expect(fuses[FuseV1Options.EnableNodeOptionsEnvironmentVariable]).toBe(off);
    expect(fuses[FuseV1Options.EnableCookieEncryption]).toBe(on);
    expect(fuses[FuseV1Options.EnableEmbeddedAsarIntegrityValidation]).toBe(on);
    expect(fuses[FuseV1Options.OnlyLoadAppFromAsar]).toBe(on);
    expect(fuses[FuseV1Options.GrantFileProtocolExtraPrivileges]).toBe(off);
  });

  it('is no plain Node: asked to be one, it starts as itself, finds the first start and ends', () => {
    const environment = { ...startEnvironment(here), ELECTRON_RUN_AS_NODE: '1' };
    const args = ['--no-sandbox', `--user-data-dir=${join(folder, 'user')}`, '-p', '"as " + "node"'];
    expect(execFileSync(program, args, { env: environment, stdio: 'pipe', timeout: 300_000 }).toString()).not.toContain(
      'as node',
    );
  });

  withReference('imports, trains and exports out of the archive', async () => {
    const { page } = started;
    if ('missing' in reference) return;
    for (const file of [reference.dataset, reference.checkpoint]) {
      const grant = await grantThroughPage(page, [file]);
      await finishJob(page, (await askHost(page, 'import.start', { grant })).id);
    }
    const [dataset] = await askHost(page, 'datasets.list', {});
    const [teacher] = await askHost(page, 'checkpoints.list', {});
    const inputs = { dataset: dataset?.id, teacher: teacher?.id };
    const config = { method: 'distil', ...inputs, student: { size: 1 }, steps: 60, batchSize: 16, checkpointEvery: 60 };
    const { id } = await askHost(page, 'runs.start', { config });
    const { checkpoints, job } = await finishJob(page, id);
    expect(job.step).toBe(60);
    const checkpoint = checkpoints.at(-1)?.id ?? '';
    const wanted = { checkpoint, format: 'pt', precision: 'fp16' } as const;
    const { result } = await finishJob(page, (await askHost(page, 'export.start', wanted)).id);
    expect(result).toMatchObject({ kind: 'export', report: { precision: 'fp16' } });
    expect((await askHost(page, 'doctor', {})).backends.some(({ works }) => works)).toBe(true);
  });

  it('has the simulator in the archive', async () => {
    const config = { tasks: ['pendulum-swingup'], policy: 'random', episodes: 1, name: 'Packed' };
    const { id } = await askHost(started.page, 'jobs.start', { kind: 'collect', config });
    const { job } = await waitForAnswer(started.page, 'jobs.get', { id }, ({ job: { state } }) =>
      ['finished', 'failed', 'interrupted'].includes(state),
    );
    expect(job).toMatchObject({ state: 'finished', error: null });
  });
});
