/**
 * Figures of the window on a big library: processor time of the longest tasks of the page while it loads, scrolls, sorts and searches,
 * and how long a chart of many points takes to appear. Fill a library with fillLibrary.ts and serve it first.
 * Usage: window.ts ADDRESS RUN [CHROMIUM]
 */
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { z } from 'zod';

const [address = '', run = '', executablePath = '/usr/bin/chromium'] = process.argv.slice(2);
if (address === '' || run === '') throw new Error('name the address of the window and the run with many points');

const eventSchema = z.looseObject({
  name: z.string(),
  ph: z.string(),
  pid: z.number(),
  tid: z.number(),
  /** Microseconds of processor time: what other programs take of the machine does not count. */
  tdur: z.number().optional(),
  args: z.looseObject({ name: z.unknown().optional() }).optional(),
});
type TraceEvent = z.infer<typeof eventSchema>;

const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
// What is looked at in the page is written as text, which its policy rightly refuses to run.
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, bypassCSP: true });
const session = await page.context().newCDPSession(page);
let events: TraceEvent[] = [];
session.on('Tracing.dataCollected', ({ value }) => {
  events.push(...z.array(eventSchema).parse(value));
});

/** The longest tasks of the page's main thread during an action. */
async function measured(name: string, action: () => Promise<void>): Promise<void> {
  events = [];
  const includedCategories = ['toplevel', 'disabled-by-default-devtools.timeline', '__metadata'];
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } });
  await action();
  await delay(500);
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await complete;
  const thread = ({ pid, tid }: TraceEvent): string => `${pid}:${tid}`;
  const main = new Set(events.filter((one) => one.args?.name === 'CrRendererMain').map(thread));
  const times = events
    .filter((one) => one.ph === 'X' && one.name.endsWith('RunTask') && main.has(thread(one)))
    .map(({ tdur = 0 }) => tdur / 1000)
    .sort((left, right) => right - left);
  console.log(
    `${name}: longest tasks ${times
      .slice(0, 4)
      .map((time) => time.toFixed(0))
      .join(', ')} ms of processor time`,
  );
}

const complete = `/\\d runs?$/.test(document.querySelector('main [role=status]')?.textContent?.trim() ?? '')`;
await measured('load', async () => {
  await page.goto(`${address}#/runs`);
  await page.waitForFunction(complete, undefined, { timeout: 120_000 });
});
await measured('scroll', async () => {
  await page.mouse.move(500, 400);
  for (let index = 0; index < 60; index += 1) {
    await page.mouse.wheel(0, 700);
    await delay(16);
  }
});
await measured('sort', async () => {
  for (const title of ['d_coef', 'Name', 'Batch', 'Duration']) {
    await page.locator('[role=columnheader] button', { hasText: title }).first().click();
    await delay(300);
  }
});
await measured('search', async () => {
  await page.keyboard.press('/');
  await page.locator('input[type=search]').pressSequentially('sweep 7 d_coef>0.5', { delay: 40 });
});
for (let attempt = 0; attempt < 3; attempt += 1) {
  await page.goto('about:blank');
  await page.goto(`${address}#/runs`);
  await page.waitForFunction(complete, undefined, { timeout: 120_000 });
  await delay(1000);
  const time = await page.evaluate<number>(`new Promise((resolve) => {
    const start = performance.now();
    location.hash = '#/compare?runs=${run}&metrics=totalLoss';
    const look = () => Number(document.querySelector('figure canvas')?.dataset.points ?? 0) > 1
      ? resolve(performance.now() - start) : requestAnimationFrame(look);
    look();
  })`);
  console.log(`chart of the run from the click to its drawing: ${time.toFixed(0)} ms`);
}
await browser.close();
