import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { noBrowser } from './browser/session.ts';
import { repository } from './runtime/places.ts';
import { launchBrowser, openPage } from './support/browser.ts';
import { serve, type Served } from './support/served.ts';
import { findingsInBothThemes } from './support/window.ts';

const run = promisify(execFile);
const count = 10_000;

/** Does something and says how long the longest frame was meanwhile, in milliseconds. */
async function longestFrame(page: Page, action: () => Promise<void>): Promise<number> {
  await page.evaluate(`{
    const measured = (window.measuredFrames = { longest: 0, ended: false });
    let last = performance.now();
    const look = (now) => {
      measured.longest = Math.max(measured.longest, now - last);
      last = now;
      if (!measured.ended) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }`);
  await action();
  return z.number().parse(await page.evaluate(`(window.measuredFrames.ended = true, window.measuredFrames.longest)`));
}

describe.skipIf(noBrowser !== undefined)(`a library of ${count} runs in a browser`, () => {
  let folder: string;
  let served: Served;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'decant-many-'));
    await run(process.execPath, [join(repository, 'test/bench/fillLibrary.ts'), folder, String(count), '0']);
    [browser, served] = await Promise.all([launchBrowser(), serve(folder)]);
  });
  afterAll(async () => {
    await browser.close();
    await served.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = () => page.getByRole('grid', { name: 'Runs' }).getByRole('row');

  it('opens, and has read all of them', async () => {
    const opened = await openPage(browser, served.url, '/runs');
    ({ page } = opened);
    const longest = await longestFrame(page, async () => {
      await page
        .getByRole('status')
        .filter({ hasText: /^10,000 runs$/ })
        .waitFor();
    });
    console.log(`10,000 runs: longest frame while they are read ${longest.toFixed(0)} ms`);
    expect(await page.getByRole('grid', { name: 'Runs' }).getAttribute('aria-rowcount')).toBe(String(count + 1));
    await rows().filter({ hasText: 'sweep 999, seed 9' }).waitFor();
  });

  it('scrolls from its first to its last row, drawing only what is seen', async () => {
    const longest = await longestFrame(page, async () => {
      await page.mouse.move(600, 400);
      for (let turn = 0; turn < 60; turn += 1) {
        await page.mouse.wheel(0, 700);
        await new Promise((resolve) => setTimeout(resolve, 16));
      }
    });
    console.log(`10,000 runs: longest frame while they are scrolled ${longest.toFixed(0)} ms`);
    await rows().filter({ hasText: 'sweep 999, seed 9' }).waitFor({ state: 'detached' });
    expect(await rows().count()).toBeLessThan(100);
    await page.getByRole('grid', { name: 'Runs' }).press('End');
    await rows().filter({ hasText: 'sweep 0, seed 0' }).waitFor();
    await page.getByRole('grid', { name: 'Runs' }).press('Home');
    await rows().filter({ hasText: 'sweep 999, seed 9' }).waitFor();
  });

  it('finds some of them, and is accessible', async () => {
    const search = page.getByRole('searchbox', { name: 'Search runs' });
    const longest = await longestFrame(page, () => search.pressSequentially('sweep 17, seed:3'));
    console.log(`10,000 runs: longest frame while they are searched ${longest.toFixed(0)} ms`);
    await search.fill('tag:night seed=3 d_coef>0.5');
    const matching = Array.from({ length: count }, (_, index) => index).filter(
      (index) => index % 7 === 0 && index % 10 === 3 && index % 5 !== 0 && (index % 20) / 20 > 0.5,
    ).length;
    await page
      .getByRole('status')
      .filter({ hasText: `${matching} of 10,000 runs` })
      .waitFor();
    expect(await findingsInBothThemes(page, '/runs with 10,000 runs')).toEqual([]);
  });
});
