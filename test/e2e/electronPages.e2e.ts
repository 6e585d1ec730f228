import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../main/formats/safetensors.ts';
import { openDesktop, startDecant, waitForPage, type Desktop, type Started } from './support/desktop.ts';
import { findReference, skipOrFail, type ReferenceFiles } from './support/requirements.ts';
import { chartState, choose, factOf, waitForState, waitForStep } from './support/window.ts';

const desktop = await openDesktop();
const reference = findReference();
if ('missing' in desktop) skipOrFail('electron', desktop.missing);
if ('missing' in reference) skipOrFail('reference', reference.missing);

/** The first day of the browser tests, clicked in Electron's own window, where it differs: dialogs instead of uploads, native drags. */
describe.skipIf('missing' in desktop || 'missing' in reference)('The pages in Electron', () => {
  const here = desktop as Desktop;
  const files = reference as ReferenceFiles;
  let folder: string;
  let started: Started;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'decant-pages-'));
    started = await startDecant(here, { folder });
  });
  afterAll(async () => {
    await started.close();
    here.display.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Answers the next dialog for files, which no test can click. */
  function answerOpenDialog(paths: string[]): Promise<void> {
    return started.app.evaluate(({ dialog }, filePaths) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths });
    }, paths);
  }

  async function open(link: RegExp, title: string): Promise<void> {
    await started.page.getByRole('link', { name: link }).first().click();
    await started.page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
  }

  it('welcomes a person to an empty library', async () => {
    await started.page.getByRole('heading', { level: 1, name: 'Welcome to Decant' }).waitFor();
    expect(await started.page.getByRole('button', { name: 'Start the quick pour' }).isEnabled()).toBe(true);
  });

  it('imports the files that its dialog gives', async () => {
    const { page } = started;
    await open(/^Datasets/, 'Datasets');
    await answerOpenDialog([files.dataset, files.checkpoint]);
    await page
      .getByRole('button', { name: /^Import files/ })
      .first()
      .click();
    await page.getByRole('article', { name: /^Dataset / }).waitFor();
    await open(/^Checkpoints/, 'Checkpoints');
    await page.getByRole('article', { name: /^Checkpoint / }).waitFor();
  });

  it('names a wrong entry, then starts a run that a reload does not disturb', async () => {
    const { page } = started;
    await open(/^New run/, 'New run');
    const batchSize = page.getByLabel('Batch size', { exact: true });
    await batchSize.fill('0');
    await page.getByRole('button', { name: 'Start run' }).click();
    await expect.poll(() => batchSize.getAttribute('aria-invalid')).toBe('true');
    await choose(page, 'Dataset', '');
    await choose(page, 'Teacher', '');
    await batchSize.fill('16');
    await page.getByLabel('Steps', { exact: true }).fill('60');
    await page.getByLabel('Name', { exact: true }).fill('First');
    await page.getByRole('button', { name: 'Start run' }).click();
    await page.getByRole('heading', { level: 1, name: 'First', exact: true }).waitFor();
    await waitForStep(page, 2);
    await page.reload();
    await waitForPage(page);
    await waitForState(page, 'finished');
    await expect.poll(() => factOf(page.getByRole('region', { name: 'State' }), 'Step')).toBe('60 of 60');
    await expect.poll(async () => (await chartState(page, 'Total loss')).spoken).toMatch(/last 0\.\d+/);
  });

  it('compares it with a second one', async () => {
    const { page } = started;
    await page.getByRole('button', { name: 'Duplicate…' }).click();
    await page.getByRole('heading', { level: 1, name: /^New run, like/ }).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Second');
    await page.getByLabel('Distillation coefficient', { exact: true }).fill('0.6');
    await page.getByRole('button', { name: 'Start run' }).click();
    await page.getByRole('heading', { level: 1, name: 'Second', exact: true }).waitFor();
    await waitForState(page, 'finished');
    await open(/^Runs/, 'Runs');
    for (const name of ['First', 'Second']) await page.getByRole('checkbox', { name: new RegExp(name) }).click();
    await page.getByRole('button', { name: /^Compare/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Compare runs' }).waitFor();
    await expect
      .poll(async () => (await chartState(page, 'Total loss')).spoken)
      .toMatch(/(?=.*First: last [\d.])(?=.*Second: last [\d.])/);
  });

  it('makes the file before its card can be dragged, and hands the finished one to the system', async () => {
    const { page, app } = started;
    await open(/^Checkpoints/, 'Checkpoints');
    const card = page.getByRole('article', { name: /^Checkpoint Second/ }).first();
    expect(await card.locator('[draggable="true"]').count()).toBe(0);
    // What the native call is given: by then the file must be there, whole.
    await app.evaluate(({ BrowserWindow }) => {
      for (const { webContents } of BrowserWindow.getAllWindows())
        webContents.startDrag = (item) => {
          Object.assign(globalThis, { draggedFile: item.file });
        };
    });
    await card.getByRole('button', { name: 'Make the file' }).click();
    const handle = page.locator('article[draggable="true"], article [draggable="true"]').first();
    await handle.waitFor();
    await handle.dispatchEvent('dragstart', { dataTransfer: await page.evaluateHandle('new DataTransfer()') });
    const dragged = (): Promise<unknown> => app.evaluate(() => (globalThis as { draggedFile?: unknown }).draggedFile);
    await expect.poll(dragged).toMatch(/fp16\.safetensors$/);
    // The reader refuses a file that is not whole.
    const { tensors } = await readSafetensors(String(await dragged()));
    expect(tensors.size).toBe(61);
  });
});
