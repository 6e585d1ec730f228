import { type Download, type Locator, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { accessibilityFindings } from './accessibility.ts';

/** What a person does in the window, in the window's own words. The page's scripts are given as text: this program knows no DOM. */

/** Goes to a place of the router, such as `/datasets`, as a link of the page would; resolves once that page is shown. */
export async function goTo(page: Page, route: string): Promise<void> {
  const heading = page.getByRole('main').getByRole('heading', { level: 1 }).first();
  const path = (text: string): string => text.replace(/^#|\?.*$/g, '');
  const stays = path(new URL(page.url()).hash) === path(route);
  // The heading of the page that is left says when it has gone.
  if (!stays) await page.evaluate(`document.querySelector('main h1')?.setAttribute('data-left', '')`);
  await page.evaluate(`location.hash = ${JSON.stringify(route)}`);
  await page.locator('main h1[data-left]').waitFor({ state: 'detached' });
  await heading.waitFor();
}

function pageOf(scope: Page | Locator): Page {
  return 'page' in scope ? scope.page() : scope;
}

/** Opens the list of a choice by its label and takes the first option that begins so. */
export async function choose(scope: Page | Locator, label: string, option: string): Promise<void> {
  await scope.getByRole('combobox', { name: new RegExp(`^${label}:`) }).click();
  const page = pageOf(scope);
  await page
    .getByRole('option', { name: new RegExp(`^\\W*${option.replaceAll(/[.*+?()[\]\\]/g, '\\$&')}`) })
    .first()
    .click();
  await page.getByRole('option').first().waitFor({ state: 'detached' });
}

/** The value beside a name in a list of facts. */
export async function factOf(scope: Page | Locator, name: string): Promise<string> {
  const fact = scope
    .locator('dl > div', { has: pageOf(scope).locator('dt', { hasText: new RegExp(`^${name}$`) }) })
    .first();
  return (await fact.locator('dd').innerText()).trim();
}

/** The number of a run's page: updates acknowledged so far. */
export async function stepShown(page: Page): Promise<number> {
  const text = await factOf(page.getByRole('region', { name: 'State' }), 'Step');
  const count = Number((/^[\d,]+/.exec(text)?.[0] ?? '0').replaceAll(',', ''));
  return Number.isFinite(count) ? count : 0;
}

/** The state that the badge beside the title says. */
export async function stateShown(page: Page): Promise<string> {
  const badges = page.getByRole('main').locator('header', { has: page.getByRole('heading', { level: 1 }) });
  const text = await badges.first().innerText();
  return /queued|running|stopping|stopped|finished|failed|interrupted/.exec(text)?.[0] ?? text;
}

/** Waits for a state; says at once what went wrong where the run failed instead. */
export async function waitForState(page: Page, wanted: string, timeout = 300_000): Promise<void> {
  await expect
    .poll(
      async () => {
        const state = await stateShown(page);
        if (state === 'failed' && wanted !== 'failed') throw new Error(await page.getByRole('alert').innerText());
        return state;
      },
      { timeout, interval: 150 },
    )
    .toBe(wanted);
}

/** Waits until so many updates are shown. */
export async function waitForStep(page: Page, step: number, timeout = 300_000): Promise<void> {
  await expect.poll(() => stepShown(page), { timeout, interval: 100 }).toBeGreaterThanOrEqual(step);
}

/** What of the page's canvas is used here. */
interface Drawn {
  toDataURL(): string;
}

/** A chart by its title: what it says to those who cannot see it, and what is drawn. */
export async function chartState(page: Page, title: string): Promise<{ spoken: string; picture: string }> {
  const plot = page.getByRole('figure', { name: title, exact: true }).getByRole('img');
  const spoken = (await plot.getAttribute('aria-label')) ?? '';
  const picture = await plot.locator('canvas').evaluate((canvas: Drawn) => canvas.toDataURL());
  return { spoken, picture };
}

/** Drops files of this machine on the window. */
export async function dropFiles(page: Page, paths: readonly string[]): Promise<void> {
  await page.evaluate(`{
    const input = document.createElement('input');
    Object.assign(input, { type: 'file', multiple: true, id: 'test-drop', hidden: true });
    document.body.append(input);
  }`);
  await page.setInputFiles('#test-drop', [...paths]);
  await page.evaluate(`{
    const input = document.querySelector('#test-drop');
    const dataTransfer = new DataTransfer();
    for (const file of input.files) dataTransfer.items.add(file);
    input.remove();
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }`);
}

/** Presses something that downloads, and waits for the file. */
export async function downloadBy(page: Page, action: () => Promise<void>): Promise<{ name: string; path: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), action()]);
  return { name: download.suggestedFilename(), path: await pathOf(download) };
}

async function pathOf(download: Download): Promise<string> {
  const failure = await download.failure();
  if (failure !== null) throw new Error(`the download failed: ${failure}`);
  return download.path();
}

export const themes = ['light', 'dark'] as const;

/** What axe finds wrong with the page as it is now, in either theme. Leaves the page in the light one. */
export async function findingsInBothThemes(page: Page, what: string): Promise<string[]> {
  const findings: string[] = [];
  for (const theme of [...themes].reverse()) {
    await page.emulateMedia({ colorScheme: theme });
    await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe(theme);
    for (const finding of await accessibilityFindings(page)) findings.push(`${what}, ${theme}: ${finding}`);
  }
  return findings;
}
