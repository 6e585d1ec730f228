import { expect, it } from 'vitest';
import { z } from 'zod';
import { errorCatalogue } from '../../../shared/errors.ts';
import { enginePid } from '../support/desktop.ts';
import { askCommand } from '../support/served.ts';
import { chartState, choose, factOf, goTo, stepShown, waitForState, waitForStep } from '../support/window.ts';
import { endless, pages, withReference, type Session } from './session.ts';

const listSchema = z.array(z.object({ id: z.string() }));

/** A second start, an engine that dies, the theme, a deletion. */
export function endings(session: Session): void {
  withReference('finds everything again after the host ended and started anew', async () => {
    let { page } = session;
    await session.stopHost();
    const banner = page.getByRole('alert').filter({ hasText: errorCatalogue.HOST_GONE.title });
    await banner.filter({ hasText: 'Nothing answers' }).waitFor();
    await session.lookAt('/checkpoints without its host');
    await session.startHostAgain();
    await banner.filter({ hasText: 'open the one that it printed' }).waitFor();
    await session.reopen();
    // A new page: the address has another token.
    ({ page } = session);
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
    const table = page.getByRole('main');
    for (const name of ['First', 'Second']) await table.getByText(name, { exact: true }).first().waitFor();
    await goTo(page, '/datasets');
    await expect.poll(() => page.getByRole('article', { name: /^Dataset / }).count()).toBe(1);
    await goTo(page, `/runs/${session.run('First')}`);
    await waitForState(page, 'finished');
    await expect.poll(async () => (await chartState(page, 'Total loss')).spoken).toMatch(/last [\d.]/);
    await goTo(page, '/checkpoints');
    const { length } = listSchema.parse(await askCommand(session.home, 'checkpoints'));
    expect(length).toBeGreaterThan(3);
    await expect.poll(() => page.getByRole('article', { name: /^Checkpoint / }).count()).toBe(length);
  });

  withReference('shows a run live, and a reload changes nothing', async () => {
    const { page } = session;
    await goTo(page, `/runs/${session.run('Second')}`);
    await session.duplicate();
    await session.startRun('Long', { Steps: endless });
    await waitForState(page, 'running');
    await waitForStep(page, 4);
    const before = await chartState(page, 'Total loss');
    expect(before.spoken).toMatch(/^Total loss.*last [\d.]/);
    await expect.poll(async () => (await chartState(page, 'Total loss')).spoken).not.toBe(before.spoken);
    await expect.poll(async () => (await chartState(page, 'Total loss')).picture).not.toBe(before.picture);
    const step = await stepShown(page);
    const address = page.url();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Long', exact: true }).waitFor();
    expect(page.url()).toBe(address);
    await waitForState(page, 'running');
    expect(await stepShown(page)).toBeGreaterThanOrEqual(step);
    await waitForStep(page, step + 3);
    await expect.poll(() => factOf(page.getByRole('region', { name: 'State' }), 'This attempt')).toMatch(/attempt 1$/);
  });

  withReference('shows an engine that was killed as interrupted, and resumes the run', async () => {
    const { page, home } = session;
    const id = session.run('Long');
    await waitForStep(page, 22);
    process.kill(enginePid(home, id), 'SIGKILL');
    await waitForState(page, 'interrupted');
    await page.getByRole('alert').filter({ hasText: 'ENGINE_DIED' }).waitFor();
    await session.lookAt('/runs/<id>, interrupted');
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await waitForState(page, 'running');
    await waitForStep(page, 30);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await waitForState(page, 'stopped');
    expect(await askCommand(home, 'show', id)).toMatchObject({ attempt: 2, replayedDifferently: 0 });
  });

  withReference('shows every page while it is full', async () => {
    const { page } = session;
    const compared = ['First', 'Second'].map((name) => session.run(name)).join(',');
    for (const route of [...pages.slice(0, -1), `/runs/${session.run('First')}`, `/compare?runs=${compared}`]) {
      await goTo(page, route);
      await session.lookAt(`${route}, full`);
    }
  });

  it('follows the theme that is chosen, and keeps it', async () => {
    const { page } = session;
    await goTo(page, '/welcome');
    const shown = (): Promise<unknown> => page.evaluate('document.documentElement.dataset.theme');
    const ground = (): Promise<unknown> => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    await expect.poll(shown).toBe('light');
    const light = await ground();
    await choose(page, 'Theme', 'Dark');
    await expect.poll(shown).toBe('dark');
    await expect.poll(ground).not.toBe(light);
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await expect.poll(shown).toBe('dark');
    await choose(page, 'Theme', 'As the system');
    await expect.poll(shown).toBe('light');
  });

  withReference('deletes a run after saying what goes', async () => {
    const { page, home } = session;
    await goTo(page, `/runs/${session.run('Long')}`);
    await page.getByRole('button', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('This cannot be undone').waitFor();
    await session.lookAt('asking before a deletion');
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
    const left = listSchema.parse(await askCommand(home, 'runs'));
    expect(left.map(({ id }) => id)).toEqual([session.run('Second'), session.run('First')]);
  });
}
