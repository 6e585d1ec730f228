import { expect } from 'vitest';
import { askCommand } from '../support/served.ts';
import { dropFiles, factOf } from '../support/window.ts';
import { files, withReference, type Session } from './session.ts';

/** A dataset by upload, a checkpoint by dropping it. */
export function importing(session: Session): void {
  withReference('imports a dataset that is uploaded', async () => {
    const { page, home } = session;
    await page.getByRole('link', { name: /^Datasets/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Datasets' }).waitFor();
    await page.getByTestId('import-files').setInputFiles(files.dataset);
    const card = page.getByRole('article', { name: /^Dataset / });
    await card.waitFor();
    const episodes = Number((await factOf(card, 'Episodes')).replaceAll(',', ''));
    expect(episodes).toBeGreaterThan(0);
    expect(await card.getByRole('figure', { name: /^Returns of/ }).isVisible()).toBe(true);
    expect(await askCommand(home, 'datasets')).toMatchObject([{ facts: { episodes } }]);
  });

  withReference('imports a checkpoint that is dropped on the window', async () => {
    const { page, home } = session;
    await page.getByRole('link', { name: /^Checkpoints/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Checkpoints' }).waitFor();
    await dropFiles(page, [files.checkpoint]);
    const card = page.getByRole('article', { name: /^Checkpoint / });
    await card.waitFor();
    expect(await card.innerText()).toContain('Imported');
    expect(await askCommand(home, 'checkpoints')).toHaveLength(1);
    // The same content a second time is said, and not stored twice.
    await dropFiles(page, [files.checkpoint]);
    await page
      .getByRole('region', { name: 'Notifications' })
      .getByText(/already|before/i)
      .first()
      .waitFor();
    expect(await page.getByRole('article', { name: /^Checkpoint / }).count()).toBe(1);
  });
}
