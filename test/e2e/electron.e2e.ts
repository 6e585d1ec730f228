import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256OfFile } from '../../main/files/hash.ts';
import {
  enginePid,
  openDesktop,
  startArguments,
  startDecant,
  startEnvironment,
  waitForPage,
  type Desktop,
  type Started,
} from './support/desktop.ts';
import { askHost, finishJob, grantThroughPage, waitForAnswer } from './support/pageHost.ts';
import { findReference, skipOrFail } from './support/requirements.ts';
import { repository } from './runtime/places.ts';

const desktop = await openDesktop();
const reference = findReference();
if ('missing' in desktop) skipOrFail('electron', desktop.missing);
if ('missing' in reference) skipOrFail('reference', reference.missing);

describe.skipIf('missing' in desktop)('Decant in Electron', () => {
  let folder: string;
  let started: Started;
  const here = desktop as Desktop;
  const files = reference as Exclude<typeof reference, { missing: string }>;
  const withReference = it.skipIf('missing' in reference);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'decant-electron-'));
    started = await startDecant(here, { folder });
  });
  afterAll(async () => {
    await started.close();
    here.display.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('opens a window with the page in it', async () => {
    const { page, app } = started;
    expect(page.url()).toMatch(/^decant:\/\/app\/index\.html/);
    await waitForPage(page);
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
    await expect
      .poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible()))
      .toBe(true);
    expect(await askHost(page, 'library.info', {})).toMatchObject({ home: started.home });
  });

  it('goes to the library that a second start names, and back', async () => {
    const start = async (home: string): Promise<void> => {
      const args = [repository, ...startArguments(folder), '--home', home];
      const second = spawn(here.runtime.executable, args, { env: startEnvironment(here), stdio: 'ignore' });
      expect(await once(second, 'exit')).toEqual([0, null]);
      await expect.poll(() => askHost(started.page, 'library.info', {}).catch(() => undefined)).toMatchObject({ home });
    };
    await start(join(folder, 'other'));
    expect(await askHost(started.page, 'jobs.list', {})).toEqual([]);
    await start(started.home);
  });

  it('says what computes here, asked in a process of its own', async () => {
    const { backends } = await askHost(started.page, 'doctor', {});
    expect(backends).toContainEqual(expect.objectContaining({ name: 'wasm', works: true }));
  });

  withReference('imports files that the page was given', async () => {
    const { page } = started;
    for (const file of [files.dataset, files.checkpoint]) {
      const grant = await grantThroughPage(page, [file]);
      await finishJob(page, (await askHost(page, 'import.start', { grant })).id);
    }
    expect(await askHost(page, 'datasets.list', {})).toHaveLength(1);
    expect(await askHost(page, 'checkpoints.list', {})).toHaveLength(1);
  });

  const run = { steps: 60, batchSize: 16, checkpointEvery: 20, seed: 3 };
  const startRun = async (name: string, steps = run.steps): Promise<string> => {
    const [dataset] = await askHost(started.page, 'datasets.list', {});
    const teacher = (await askHost(started.page, 'checkpoints.list', {})).find(({ run: source }) => source === null);
    const inputs = { dataset: dataset?.id, teacher: teacher?.id };
    const config = { name, method: 'distil', ...inputs, student: { size: 1 }, ...run, steps };
    return (await askHost(started.page, 'runs.start', { config })).id;
  };
  let student: string | undefined;

  withReference('trains 60 steps while the desktop shows it', async () => {
    const { page, app } = started;
    const id = await startRun('Sixty steps');
    // In its middle or at its end: the reload disturbs neither.
    await waitForAnswer(page, 'jobs.get', { id }, ({ job }) => (job.step ?? 0) > 0);
    await page.reload();
    await waitForPage(page);
    const detail = await finishJob(page, id);
    expect(detail.job).toMatchObject({ step: 60, steps: 60, error: null });
    student = detail.checkpoints.at(-1)?.id;
    const series = await askHost(page, 'metrics.read', { id });
    expect(series.length).toBeGreaterThan(5);
    expect(series.every(({ steps }) => steps.at(-1) === 60)).toBe(true);
    expect(await app.evaluate(({ app }) => app.getName())).toBe('Decant');
  });

  withReference('drags finished files out: there, complete, with the right hash at the call', async () => {
    const { page, app } = started;
    const exported = await Promise.all(
      (['fp16', 'fp32'] as const).map(async (precision) => {
        const wanted = { checkpoint: student ?? '', format: 'safetensors', precision } as const;
        const { job, result } = await finishJob(page, (await askHost(page, 'export.start', wanted)).id);
        if (result?.kind !== 'export') throw new Error('the export has no report');
        return { id: job.id, report: result.report };
      }),
    );
    await app.evaluate(({ webContents }) => {
      // The one native call, which waits for a mouse: what it was given is looked at inside it.
      const { createHash } = process.getBuiltinModule('node:crypto');
      const { readFileSync } = process.getBuiltinModule('node:fs');
      const dragged: unknown[] = [];
      Reflect.set(globalThis, 'dragged', dragged);
      for (const contents of webContents.getAllWebContents())
        contents.startDrag = ({ file, files = [], icon }) => {
          if (typeof icon === 'string') throw new Error('an icon by its name');
          const contentsOf = (path: string): object => {
            const bytes = readFileSync(path);
            return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
          };
          dragged.push({ file, files: files.map(contentsOf), icon: !icon.isEmpty() });
        };
    });
    const drag = (ids: string[]): Promise<unknown> => page.evaluate(`window.decant.startDrag(${JSON.stringify(ids)})`);
    await drag(exported.map(({ id }) => id));
    const seen = (): Promise<unknown> => app.evaluate(() => Reflect.get(globalThis, 'dragged') as unknown);
    await expect.poll(seen).toEqual([
      {
        file: exported[0]?.report.path,
        files: exported.map(({ report: { path, bytes, sha256 } }) => ({ path, bytes, sha256 })),
        icon: true,
      },
    ]);
  });

  withReference('refuses to drag a file that changed since', async () => {
    const { page, app } = started;
    const wanted = { checkpoint: student ?? '', format: 'pt', precision: 'fp16' } as const;
    const { job, result } = await finishJob(page, (await askHost(page, 'export.start', wanted)).id);
    if (result?.kind !== 'export') throw new Error('the export has no report');
    truncateSync(result.report.path, result.report.bytes - 1);
    await app.evaluate(({ dialog }) => {
      const shown: unknown[] = [];
      Reflect.set(globalThis, 'shown', shown);
      dialog.showMessageBox = (...given: unknown[]) => {
        shown.push(given.at(-1));
        return Promise.resolve({ response: 0, checkboxChecked: false });
      };
    });
    await page.evaluate(`window.decant.startDrag([${JSON.stringify(job.id)}])`);
    await expect
      .poll(() => app.evaluate(() => Reflect.get(globalThis, 'shown') as unknown))
      .toEqual([expect.objectContaining({ type: 'error' })]);
    expect(await app.evaluate(() => (Reflect.get(globalThis, 'dragged') as unknown[]).length)).toBe(1);
  });

  withReference('saves an export where the person says', async () => {
    const { page, app } = started;
    const target = join(folder, 'saved.safetensors');
    await app.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, target);
    const wanted = { checkpoint: student ?? '', format: 'safetensors', precision: 'fp16' } as const;
    const { job, result } = await finishJob(page, (await askHost(page, 'export.start', wanted)).id);
    if (result?.kind !== 'export') throw new Error('the export has no report');
    expect(await page.evaluate(`window.decant.saveExport(${JSON.stringify(job.id)})`)).toBe(true);
    expect(await sha256OfFile(target)).toEqual({ bytes: result.report.bytes, sha256: result.report.sha256 });
  });

  withReference('shows a killed engine as interrupted, and resumes it', async () => {
    const { page } = started;
    const id = await startRun('Killed', 1_000_000);
    await waitForAnswer(page, 'jobs.get', { id }, ({ job }) => (job.step ?? 0) >= 22);
    process.kill(enginePid(started.home, id), 'SIGKILL');
    const { job } = await waitForAnswer(page, 'jobs.get', { id }, ({ job: { state } }) => state !== 'running');
    expect(job).toMatchObject({ state: 'interrupted', error: { code: 'ENGINE_DIED' } });
    await askHost(page, 'jobs.resume', { id });
    await waitForAnswer(
      page,
      'jobs.get',
      { id },
      ({ job: { attempt, state } }) => attempt === 2 && state === 'running',
    );
    await waitForAnswer(page, 'jobs.get', { id }, ({ job: { step } }) => (step ?? 0) >= 30);
  });

  withReference('takes the files of a second start, which ends at once', async () => {
    const imports = async (): Promise<string[]> =>
      (await askHost(started.page, 'jobs.list', {})).filter(({ kind }) => kind === 'import').map(({ id }) => id);
    const before = await imports();
    const args = [repository, ...startArguments(folder), files.dataset];
    const second = spawn(here.runtime.executable, args, { env: startEnvironment(here), stdio: 'ignore' });
    expect(await once(second, 'exit')).toEqual([0, null]);
    await expect.poll(async () => (await imports()).length).toBe(before.length + 1);
    const [id] = (await imports()).filter((job) => !before.includes(job));
    const { result } = await finishJob(started.page, id ?? '');
    expect(result).toMatchObject({ kind: 'import', duplicates: [expect.any(String)] });
  });

  withReference('goes on when its window is closed, awake, and comes back at the same place', async () => {
    const { app, page } = started;
    await page.evaluate(`{ location.hash = '#/datasets'; }`);
    const nextWindow = app.waitForEvent('window');
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await expect.poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(0);
    const awake = await app.evaluate(({ powerSaveBlocker }) =>
      Array.from({ length: 200 }, (_, id) => powerSaveBlocker.isStarted(id)).some(Boolean),
    );
    expect(awake).toBe(true);
    await app.evaluate(({ app: application }) => application.emit('activate'));
    started.page = await nextWindow;
    await waitForPage(started.page);
    expect(started.page.url()).toMatch(/#\/datasets$/);
    expect((await askHost(started.page, 'jobs.list', {})).some(({ state }) => state === 'running')).toBe(true);
  });

  withReference('asks before it quits, saves what runs, and finds everything again', async () => {
    const running = (await askHost(started.page, 'jobs.list', {})).find(
      ({ kind, state }) => kind === 'train' && state === 'running',
    );
    if (running === undefined) throw new Error('nothing runs any more');
    await started.app.evaluate(({ dialog, app }) => {
      dialog.showMessageBox = () => Promise.resolve({ response: 1, checkboxChecked: false });
      app.quit();
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await askHost(started.page, 'jobs.get', { id: running.id })).toMatchObject({ job: { state: 'running' } });
    await started.close();
    started = await startDecant(here, { folder });
    const { page } = started;
    const { job, checkpoints } = await askHost(page, 'jobs.get', { id: running.id });
    expect(job).toMatchObject({ state: 'interrupted', error: { code: 'HOST_GONE' } });
    // It left at its own step, not at the last of every twentieth.
    expect(checkpoints.at(-1)?.step).toBe(job.step);
    expect(await askHost(page, 'datasets.list', {})).toHaveLength(1);
    expect((await askHost(page, 'runs.list', {})).map(({ name }) => name)).toEqual(['Killed', 'Sixty steps']);
  });

  withReference('saves what runs and ends without a question when it is told by the system', async () => {
    const { page, app } = started;
    const [run] = (await askHost(page, 'runs.list', {})).filter(({ state }) => state === 'interrupted');
    const id = run?.id ?? '';
    await askHost(page, 'jobs.resume', { id });
    await waitForAnswer(
      page,
      'jobs.get',
      { id },
      ({ job }) => job.state === 'running' && (job.step ?? 0) > (run?.step ?? 0),
    );
    const ended = once(app.process(), 'exit');
    app.process().kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    started = await startDecant(here, { folder });
    const { job, checkpoints } = await askHost(started.page, 'jobs.get', { id });
    expect(job).toMatchObject({ state: 'interrupted', error: { code: 'HOST_GONE' } });
    expect(checkpoints.at(-1)?.step).toBe(job.step);
  });

  withReference('takes a run over whose engine went with a killed application', async () => {
    const { page, app } = started;
    const [run] = (await askHost(page, 'runs.list', {})).filter(({ state }) => state === 'interrupted');
    const id = run?.id ?? '';
    await askHost(page, 'jobs.resume', { id });
    await waitForAnswer(
      page,
      'jobs.get',
      { id },
      ({ job }) => job.state === 'running' && (job.step ?? 0) > (run?.step ?? 0),
    );
    const ended = once(app.process(), 'exit');
    app.process().kill('SIGKILL');
    await ended;
    started = await startDecant(here, { folder });
    const { job } = await waitForAnswer(started.page, 'jobs.get', { id }, ({ job: { state } }) => state !== 'running');
    expect(job).toMatchObject({ state: 'interrupted', error: { code: 'ENGINE_DIED' } });
  });
});
