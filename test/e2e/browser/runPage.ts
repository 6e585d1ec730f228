import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { askCommand, command } from '../support/served.ts';
import { chartState, downloadBy, factOf, stepShown, waitForState, waitForStep } from '../support/window.ts';
import { endless, withReference, type Session } from './session.ts';

/** One run to its end, with everything that its page has; another one stopped and resumed. */
export function runPage(session: Session): void {
  withReference('follows a run from its start to its end', async () => {
    const { page, home } = session;
    const id = await session.startRun('First', {});
    await waitForState(page, 'finished');
    await expect.poll(() => factOf(page.getByRole('region', { name: 'State' }), 'Step')).toBe('60 of 60');
    expect(await askCommand(home, 'show', id)).toMatchObject({ state: 'finished', step: 60, attempt: 1 });
  });

  withReference('lists checkpoints as they were written, teacher against student, and the log', async () => {
    const { page, home } = session;
    const rows = page.getByRole('region', { name: 'Checkpoints' }).locator('tbody tr td:first-child');
    await expect.poll(() => rows.allInnerTexts()).toEqual(['60', '40', '20']);
    const scatter = async (): Promise<string> => (await chartState(page, 'R_teacher against R_student')).spoken;
    await expect.poll(scatter).toMatch(/16 pairs at step 50, mean squared difference/);
    const log = readFileSync(join(home, 'jobs', session.run('First'), 'log.txt'), 'utf8');
    const shown = page.getByRole('region', { name: 'Log' }).locator('pre');
    await expect.poll(() => shown.innerText()).toBe(log === '' ? 'Nothing was logged.' : log);
    expect(session.problems).toEqual([]);
  });

  withReference('keeps notes and tags', async () => {
    const { page } = session;
    await page.getByLabel('Notes', { exact: true }).fill('The first one.');
    await page.getByLabel('Add a tag').fill('baseline');
    await page.getByLabel('Add a tag').press('Enter');
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.reload();
    await expect.poll(() => page.getByLabel('Notes', { exact: true }).inputValue()).toBe('The first one.');
    await page.getByRole('region', { name: 'Notes and tags' }).getByText('baseline').waitFor();
  });

  withReference('saves the values of a chart as they were recorded', async () => {
    const { page, home } = session;
    const { name, path } = await downloadBy(page, () =>
      page.getByRole('button', { name: 'Save Total loss as CSV' }).click(),
    );
    expect(name).toBe('Total-loss.csv');
    const saved = readFileSync(path, 'utf8').trim().split('\r\n').slice(1);
    const recorded = (await command(home, 'metrics', session.run('First'), '--csv')).split('\n');
    const wanted = recorded.filter((line) => line.split(',')[1] === 'totalLoss');
    expect(saved.map((line) => [Number(line.split(',')[1]), Number(line.split(',')[2])])).toEqual(
      wanted.map((line) => [Number(line.split(',')[0]), Number(line.split(',')[2])]),
    );
    expect(saved).toHaveLength(60);
    const picture = await downloadBy(page, () => page.getByRole('button', { name: 'Save Total loss as PNG' }).click());
    expect(readFileSync(picture.path).subarray(1, 4).toString()).toBe('PNG');
  });

  withReference('runs another one like it', async () => {
    const { page } = session;
    await session.duplicate();
    expect(await page.getByLabel('Batch size', { exact: true }).inputValue()).toBe('16');
    expect(await page.getByLabel('Seed', { exact: true }).inputValue()).toBe('3');
    await session.startRun('Second', { 'Distillation coefficient': '0.6', Seed: '4', Steps: '150' });
    await waitForState(page, 'finished');
    await expect.poll(() => factOf(page.getByRole('region', { name: 'State' }), 'Step')).toBe('150 of 150');
  });

  withReference('stops a run and resumes it', async () => {
    const { page, home } = session;
    await session.duplicate();
    const id = await session.startRun('Stopped', { Steps: endless });
    await waitForStep(page, 4);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await waitForState(page, 'stopped');
    const stoppedAt = await stepShown(page);
    expect(stoppedAt).toBeGreaterThanOrEqual(4);
    await session.lookAt('/runs/<id>, stopped');
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await waitForStep(page, stoppedAt + 4);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await waitForState(page, 'stopped');
    expect(await askCommand(home, 'show', id)).toMatchObject({ attempt: 2, replayedDifferently: 0 });
    await askCommand(home, 'delete', id);
  });
}
