import { cpus } from 'node:os';
import { type Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { askCommand } from '../support/served.ts';
import { factOf, goTo } from '../support/window.ts';
import { type Session } from './session.ts';

const doctorSchema = z.object({ backends: z.array(z.object({ name: z.string(), works: z.boolean() })) });
const benchmarkSchema = z.object({ figures: z.array(z.object({ backend: z.string(), milliseconds: z.number() })) });

/** What the machine is and how busy, its backends, and the benchmark from its button to the form that goes by it. */
export function devicePage(session: Session): void {
  const region = (name: string): Locator => session.page.getByRole('region', { name, exact: true });

  it('says what the machine is, and what it does at this moment', async () => {
    const { page } = session;
    await page.getByRole('link', { name: 'Device', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Device' }).waitFor();
    const machine = region('This machine');
    await machine.locator('dt', { hasText: /^Processor$/ }).waitFor();
    expect(await factOf(machine, 'Processor')).toBe(cpus()[0]?.model.trim());
    const busy = machine.getByRole('figure', { name: 'Processor' }).getByRole('img');
    await expect.poll(() => busy.getAttribute('aria-label')).toMatch(/busy: last \d/);
    const cards = region('Graphics cards');
    await expect.poll(() => cards.innerText()).toMatch(/No NVIDIA card|NVIDIA|nvidia-smi/);
  });

  it('lists every backend with what it lacks, as doctor does', async () => {
    const { home } = session;
    const rows = region('Backends').getByRole('row');
    await rows.nth(1).waitFor();
    const { backends } = doctorSchema.parse(await askCommand(home, 'doctor'));
    expect(await rows.count()).toBe(1 + backends.length);
    for (const [index, { name, works }] of backends.entries()) {
      const text = await rows.nth(1 + index).innerText();
      expect(text).toContain(name);
      expect(text.includes('does not work')).toBe(!works);
    }
    expect(await region('Backends').getByText('auto', { exact: true }).count()).toBe(1);
    await session.lookAt('/device, full');
  });

  it('measures every backend that works, and keeps what it found', async () => {
    const { page, home } = session;
    await page.getByRole('button', { name: /^Measure, about/ }).click();
    await page.getByRole('progressbar', { name: 'Progress of the benchmark' }).waitFor();
    await page.getByRole('region', { name: 'What was measured' }).waitFor();
    await session.lookAt('/device, measuring');
    const button = page.getByRole('button', { name: /^Measure, about/ });
    await button.waitFor({ timeout: 300_000 });
    const table = page.getByRole('region', { name: 'What was measured' });
    const { backends } = doctorSchema.parse(await askCommand(home, 'doctor'));
    const working = backends.filter(({ works }) => works).map(({ name }) => name);
    const measured = await table.locator('tbody th code').allInnerTexts();
    expect(measured).toEqual(working);
    expect(await table.locator('thead').innerText()).toContain('Update 1M, batch 64');
    await session.lookAt('/device, measured');
  });

  it('can be stopped, and loses nothing of what was found before', async () => {
    const { page } = session;
    const rows = page.getByRole('region', { name: 'What was measured' }).locator('tbody tr');
    const before = await rows.count();
    // By keys alone: the button that starts it is the one that ends it, and keeps the focus.
    const focused = (): Promise<unknown> => page.evaluate('document.activeElement.textContent.trim()');
    await page.getByRole('button', { name: /^Measure, about/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Stop the benchmark', disabled: false }).waitFor();
    expect(await focused()).toBe('Stop the benchmark');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Measure, about/ }).waitFor();
    expect(await focused()).toMatch(/^Measure, about/);
    expect(await rows.count()).toBeGreaterThanOrEqual(before);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Device' }).waitFor();
    await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(before);
  });

  it('measures from the command line too', async () => {
    const { figures } = benchmarkSchema.parse(await askCommand(session.home, 'bench', '--seconds', '2'));
    expect(figures.length).toBeGreaterThan(0);
    for (const { milliseconds } of figures) expect(milliseconds).toBeGreaterThan(0);
  });

  it('feeds the estimate of a new run, which says where it comes from', async () => {
    const { page } = session;
    await goTo(page, '/new');
    const estimate = region('Estimate');
    await estimate.getByText(/^By the benchmark of \d{4}-\d\d-\d\d/).waitFor();
    const values = await estimate.locator('dd').allInnerTexts();
    expect(values).toHaveLength(7);
    expect(values.slice(0, 2).every((value) => value.startsWith('≈'))).toBe(true);
    await session.lookAt('/new, with a benchmark');
  });
}
