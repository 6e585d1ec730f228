import { readFileSync } from 'node:fs';
import { type Page } from 'playwright-core';
import { expect } from 'vitest';
import { z } from 'zod';
import { command } from '../support/served.ts';
import { chartState, choose, downloadBy, goTo } from '../support/window.ts';
import { withReference, type Session } from './session.ts';

/** The names in the order of the table. */
function namesShown(page: Page): Promise<string[]> {
  return page.getByRole('grid', { name: 'Runs' }).getByRole('gridcell').getByRole('link').allInnerTexts();
}

function focused(page: Page): Promise<unknown> {
  return page.evaluate(`document.activeElement.getAttribute('aria-label')`);
}

/** The table of runs by mouse and by keys, and two of its runs compared. */
export function comparing(session: Session): void {
  withReference('sorts, filters and searches the runs', async () => {
    const { page } = session;
    await page.getByRole('link', { name: /^Runs/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Runs', exact: true }).waitFor();
    await expect.poll(() => namesShown(page)).toEqual(['Second', 'First']);
    const header = page.getByRole('columnheader', { name: 'Name' });
    await header.getByRole('button').click();
    await expect.poll(() => namesShown(page)).toEqual(['First', 'Second']);
    await expect.poll(() => header.getAttribute('aria-sort')).toBe('ascending');
    await header.getByRole('button').click();
    await expect.poll(() => namesShown(page)).toEqual(['Second', 'First']);
    const search = page.getByRole('searchbox', { name: 'Search runs' });
    await search.fill('tag:baseline');
    await expect.poll(() => namesShown(page)).toEqual(['First']);
    // What is searched is part of the address.
    await page.reload();
    await expect.poll(() => namesShown(page)).toEqual(['First']);
    await search.fill('d_coef>0.5');
    await expect.poll(() => namesShown(page)).toEqual(['Second']);
    await search.fill('');
    await choose(page, 'State', 'failed');
    await page.getByText('Nothing fits the search.').waitFor();
    await choose(page, 'State', 'finished');
    await expect.poll(async () => (await namesShown(page)).toSorted()).toEqual(['First', 'Second']);
    await session.lookAt('/runs, filtered');
  });

  withReference('shows the columns that are chosen, and keeps a view', async () => {
    const { page } = session;
    await page.getByRole('button', { name: 'Columns…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Columns' });
    const seed = dialog.getByLabel('Seed', { exact: true });
    await seed.click();
    await session.lookAt('choosing columns');
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('columnheader', { name: 'Seed' }).waitFor();
    await page.getByRole('button', { name: 'Save view…' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('With seeds');
    await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await choose(page, 'View', 'All runs');
    await page.getByRole('columnheader', { name: 'Seed' }).waitFor({ state: 'detached' });
    await page.reload();
    await choose(page, 'View', 'With seeds');
    await page.getByRole('columnheader', { name: 'Seed' }).waitFor();
    await page.getByRole('button', { name: 'Forget view' }).click();
    await choose(page, 'View', 'All runs');
  });

  withReference('is walked by keys: from search to two selected runs and their comparison', async () => {
    const { page } = session;
    await page.keyboard.press('/');
    await expect.poll(() => focused(page)).toBe('Search runs');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Runs');
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await expect.poll(() => page.getByRole('row', { selected: true }).count()).toBe(2);
    await page.getByRole('button', { name: 'Compare 2' }).click();
    await page.getByRole('heading', { level: 1, name: 'Compare runs' }).waitFor();
  });

  withReference('compares two runs: both curves, and what differs', async () => {
    const { page, home } = session;
    const chart = page.getByRole('figure', { name: 'Total loss', exact: true });
    await expect
      .poll(async () => (await chartState(page, 'Total loss')).spoken)
      .toMatch(/(?=.*First: last [\d.])(?=.*Second: last [\d.])/);
    const differing = page.getByRole('table').filter({ hasText: 'State' }).first().getByRole('columnheader');
    const titles = await differing.allInnerTexts();
    expect(titles.filter((title) => /coefficient|seed/.test(title))).toHaveLength(2);
    const { path } = await downloadBy(page, () => chart.getByRole('button', { name: /as CSV$/ }).click());
    const rows = readFileSync(path, 'utf8').trim().split('\r\n').slice(1);
    expect(rows).toHaveLength(60 + 150);
    for (const name of ['First', 'Second']) {
      const recorded = (await command(home, 'metrics', session.run(name), '--csv')).split('\n');
      const wanted = recorded.map((line) => line.split(',')).filter(([, metric]) => metric === 'totalLoss');
      const saved = rows.map((line) => line.split(',')).filter(([curve]) => curve === name);
      expect(saved.map(([, step, value]) => [Number(step), Number(value)])).toEqual(
        wanted.map(([step, , value]) => [Number(step), Number(value)]),
      );
    }
    await session.lookAt('/compare, full');
  });

  withReference('overlays them by other axes, smoothed, zoomed and grouped', async () => {
    const { page } = session;
    const range = async (): Promise<string> => (await chartState(page, 'Total loss')).picture;
    let before = await range();
    const changes = async (action: () => Promise<void>): Promise<void> => {
      await action();
      await expect.poll(range).not.toBe(before);
      before = await range();
    };
    await changes(() => choose(page, 'Horizontal axis', 'By transitions'));
    await changes(() => page.getByLabel('log y').click());
    await changes(() => page.getByRole('figure', { name: 'Total loss', exact: true }).getByRole('img').press('+'));
    const address = z.string().parse(await page.evaluate('location.hash'));
    expect(address).toMatch(/x=transitions/);
    await changes(() => page.getByRole('button', { name: 'Reset zoom' }).first().click());
    await choose(page, 'Group by', 'seed');
    await expect.poll(async () => (await chartState(page, 'Total loss')).spoken).toMatch(/seed 3: mean of 1/);
    await page.reload();
    await expect.poll(async () => (await chartState(page, 'Total loss')).spoken).toMatch(/seed 3: mean of 1/);
    await goTo(page, '/runs');
  });
}
