import { type Locator } from 'playwright-core';
import { expect } from 'vitest';
import { z } from 'zod';
import { askCommand } from '../support/served.ts';
import { choose } from '../support/window.ts';
import { withReference, type Session } from './session.ts';

/** The form, with a wrong entry and then right, as text, and its estimate. Leaves the form ready to start. */
export function newRun(session: Session): void {
  const field = (key: string): Locator => session.page.locator(`[data-field="${key}"]`);

  withReference('names a wrong entry at its field, and starts nothing', async () => {
    const { page, home } = session;
    await page.getByRole('link', { name: /^New run/ }).click();
    await page.getByRole('heading', { level: 1, name: 'New run' }).waitFor();
    await page.getByLabel('Batch size', { exact: true }).fill('0');
    await page.getByLabel('Steps', { exact: true }).fill('60');
    await page.getByRole('button', { name: 'Start run' }).click();
    for (const key of ['dataset', 'teacher', 'batchSize']) await field(key).locator('.problem').waitFor();
    expect(await field('steps').locator('.problem').count()).toBe(0);
    const wrong = page.getByLabel('Batch size', { exact: true });
    await expect.poll(() => wrong.getAttribute('aria-invalid')).toBe('true');
    const described = (await wrong.getAttribute('aria-describedby')) ?? '';
    expect(described.split(' ')).toContain(await field('batchSize').locator('.problem').getAttribute('id'));
    expect(await askCommand(home, 'runs')).toEqual([]);
    await session.lookAt('/new, failing');
  });

  withReference('shows the same configuration as text, which can be edited too', async () => {
    const { page } = session;
    await choose(page, 'Dataset', '');
    await choose(page, 'Teacher', '');
    await page.getByLabel('Batch size', { exact: true }).fill('16');
    await page.getByRole('tab', { name: 'Text (JSON)' }).click();
    const text = page.getByRole('textbox', { name: /configuration/i });
    const written = z.record(z.string(), z.unknown()).parse(JSON.parse(await text.inputValue()));
    expect(written).toMatchObject({ batchSize: 16, steps: 60 });
    await text.fill('{ "batchSize": ');
    await page
      .getByRole('button', { name: /^Line \d/ })
      .first()
      .waitFor();
    await session.lookAt('/new as text, failing');
    await text.fill(JSON.stringify({ ...written, seed: 3, checkpointEvery: 20 }, null, 2));
    await page.getByRole('tab', { name: 'Form' }).click();
    await expect.poll(() => page.getByLabel('Seed', { exact: true }).inputValue()).toBe('3');
  });

  withReference('estimates what a run will take', async () => {
    const { page } = session;
    await page.getByRole('button', { name: 'Estimate', exact: true }).click();
    await page.getByText('Measured on this machine, with this data.').waitFor({ timeout: 300_000 });
    const estimate = page.getByRole('region', { name: 'Estimate' });
    const rows = await estimate.locator('dd').allInnerTexts();
    expect(rows).toHaveLength(7);
    expect(rows.filter((value) => /^[–-]?$/.test(value.trim()))).toEqual([]);
    await session.lookAt('/new, full');
  });
}
