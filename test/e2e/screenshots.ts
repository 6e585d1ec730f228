/**
 * Pictures of every page, empty, full and failing, in both themes and two sizes: `npm run screenshots -- FOLDER`.
 * Needs Chromium and, for what is full, the reference files (DECANT_REFERENCE, or beside the checkout).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { launchBrowser, openPage } from './support/browser.ts';
import { findReference } from './support/requirements.ts';
import { command, serve } from './support/served.ts';
import { goTo, themes } from './support/window.ts';

const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;

const wanted = process.argv[2];
if (wanted === undefined) throw new Error('name the folder that takes the pictures');
const pictures = resolve(wanted);
mkdirSync(pictures, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'decant-pictures-'));
const home = join(folder, 'library');
const served = await serve(home);
const browser = await launchBrowser();
const { page } = await openPage(browser, served.url);

async function picture(name: string, end = false): Promise<void> {
  for (const { width, height } of sizes)
    for (const theme of themes) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      // Charts are drawn anew after a change of size.
      await page.waitForTimeout(400);
      await page.evaluate(`document.querySelector('main').scrollTop = ${end ? 1e6 : 0}`);
      await page.waitForTimeout(100);
      await page.screenshot({ path: join(pictures, `${name}-${theme}-${width}.png`) });
    }
  console.log(name);
}

async function pictureOf(name: string, route: string): Promise<void> {
  await goTo(page, route);
  await page.waitForTimeout(600);
  await picture(name);
}

async function train(changes: object): Promise<string> {
  const file = join(folder, 'configuration.json');
  writeFileSync(file, JSON.stringify({ method: 'distil', batchSize: 16, checkpointEvery: 20, steps: 60, ...changes }));
  const answer: unknown = JSON.parse(await command(home, 'train', '--config', file, '--detach', '--json'));
  return z.object({ id: z.string() }).parse(answer).id;
}

async function waitForState(run: string, states: readonly string[]): Promise<void> {
  const schema = z.object({ state: z.string(), step: z.int().nullable() });
  for (;;) {
    const { state, step } = schema.parse(JSON.parse(await command(home, 'show', run, '--json')));
    if (states.includes(state) && (state !== 'running' || (step ?? 0) > 12)) return;
    await new Promise((done) => setTimeout(done, 500));
  }
}

async function empty(): Promise<void> {
  for (const name of ['welcome', 'runs', 'new', 'datasets', 'checkpoints', 'library', 'device', 'compare'])
    await pictureOf(`${name}-empty`, `/${name}`);
}

async function failing(): Promise<void> {
  const damaged = join(folder, 'damaged.pt');
  writeFileSync(damaged, 'this is no checkpoint');
  await goTo(page, '/checkpoints');
  await page.getByTestId('import-files').setInputFiles(damaged);
  await page.getByRole('alert').waitFor();
  await picture('checkpoints-failing');
  // What failed is said in the list and in the corner.
  for (const name of ['Imports', 'Notifications']) {
    const dismiss = page.getByRole('region', { name }).getByRole('button', { name: 'Dismiss' });
    if ((await dismiss.count()) > 0) await dismiss.click();
    await dismiss.waitFor({ state: 'detached' });
  }
  await goTo(page, '/new');
  await page.getByLabel('Batch size', { exact: true }).fill('0');
  await page.getByRole('button', { name: 'Start run' }).click();
  await page.locator('.problem').first().waitFor();
  await picture('new-failing');
  await pictureOf('run-unknown', '/runs/r-0000000000');
}

async function full(dataset: string, teacher: string): Promise<void> {
  for (const path of [dataset, teacher]) await command(home, 'import', path, '--json');
  const [inputs, sources] = await Promise.all(
    ['datasets', 'checkpoints'].map(async (kind) =>
      z.array(z.object({ id: z.string() })).parse(JSON.parse(await command(home, kind, '--json'))),
    ),
  );
  const given = { dataset: inputs?.[0]?.id, teacher: sources?.[0]?.id };
  const first = await train({ ...given, name: 'MT30 sample, d 0.4', seed: 1 });
  const second = await train({ ...given, name: 'MT30 sample, d 0.6', seed: 2, distillation: { coefficient: 0.6 } });
  const third = await train({ ...given, name: 'From scratch', method: 'scratch', teacher: undefined, steps: 4000 });
  await waitForState(third, ['running']);
  await command(home, 'export', '--checkpoint', given.teacher ?? '', '--out', folder, '--json');
  await pictureOf('run-running', `/runs/${third}`);
  await pictureOf('welcome-full', '/welcome');
  for (const name of ['runs', 'datasets', 'checkpoints', 'library', 'device'])
    await pictureOf(`${name}-full`, `/${name}`);
  await pictureOf('new-full', `/new?from=${first}`);
  await pictureOf('run-full', `/runs/${first}`);
  await picture('run-full-end', true);
  await pictureOf('compare-full', `/compare?runs=${first},${second}`);
  await picture('compare-full-end', true);
  await command(home, 'stop', third);
  await waitForState(third, ['stopped']);
  await pictureOf('run-stopped', `/runs/${third}`);
}

try {
  await empty();
  await failing();
  const reference = findReference();
  if ('missing' in reference) console.log(`skipped: what is full: ${reference.missing}`);
  else await full(reference.dataset, reference.checkpoint);
  await served.stop();
  await page.getByRole('alert').first().waitFor();
  await picture('host-gone');
} finally {
  await browser.close();
  await served.stop();
  rmSync(folder, { recursive: true, force: true });
}
