import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { goTo } from '../support/window.ts';
import { pages, type Session } from './session.ts';

/** What a library shows that has nothing in it, and what it says of a file that is none. */
export function firstStart(session: Session): void {
  it('welcomes a person to an empty library', async () => {
    const { page } = session;
    await page.getByRole('heading', { level: 1, name: 'Welcome to Decant' }).waitFor();
    expect(new URL(page.url()).hash).toBe('#/welcome');
    expect(await page.getByRole('button', { name: 'Start the quick pour' }).isEnabled()).toBe(true);
    const inputs = page.getByRole('region', { name: 'Get data' }).getByRole('row');
    expect(await inputs.filter({ hasText: 'missing' }).count()).toBeGreaterThanOrEqual(3);
    await expect.poll(() => page.getByRole('region', { name: 'Get data' }).innerText()).toMatch(/[KMGT]i?B free where/);
  });

  it('shows every page while it is empty', async () => {
    const { page } = session;
    for (const route of [...pages, '/runs/r-0000000000', '/nowhere']) {
      await goTo(page, route);
      await session.lookAt(`${route}, empty`);
    }
  });

  it('says what is wrong with a file that it cannot read', async () => {
    const { page, folder } = session;
    await goTo(page, '/checkpoints');
    const damaged = join(folder, 'damaged.pt');
    writeFileSync(damaged, 'this is no checkpoint');
    await page.getByTestId('import-files').setInputFiles(damaged);
    const notice = page.getByRole('region', { name: 'Imports' }).getByRole('alert');
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(/[A-Z]+_[A-Z]+[^]*damaged\.pt/);
    await session.lookAt('/checkpoints, failing');
    await notice.getByRole('button', { name: 'Dismiss' }).click();
    await notice.waitFor({ state: 'detached' });
  });
}
