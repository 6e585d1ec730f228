import { type Page } from 'playwright-core';
import { z } from 'zod';
import { decode, encode } from '../../../shared/codec.ts';
import { type RequestInput, type RequestName, type RequestOutput } from '../../../shared/contract.ts';
import { checkedOutput } from '../../../main/host/core.ts';

/** The page's own client counts from 0: nobody there waits for answers to these. */
let nextId = 1_000_000_000;

/** Asks the host as the page does: through the preload's bridge, as text. */
export async function askHost<Name extends RequestName>(
  page: Page,
  name: Name,
  input: RequestInput<Name>,
): Promise<RequestOutput<Name>> {
  const id = (nextId += 1);
  const text = encode({ id, name, input });
  // The page's own words are given as text: this program knows no DOM.
  const answer = z.string().parse(
    await page.evaluate(`new Promise((resolve) => {
      const unsubscribe = window.decant.onMessage((received) => {
        if (!received.includes('"id":${id}')) return;
        unsubscribe();
        resolve(received);
      });
      window.decant.post(${JSON.stringify(text)});
    })`),
  );
  const message = decode(answer);
  if (typeof message !== 'object' || message === null || !('output' in message))
    throw new Error(`${name}: ${answer.slice(0, 500)}`);
  return checkedOutput(name, message.output);
}

/** Waits until a question's answer is as wanted. */
export async function waitForAnswer<Name extends RequestName>(
  page: Page,
  name: Name,
  input: RequestInput<Name>,
  wanted: (output: RequestOutput<Name>) => boolean,
  milliseconds = 300_000,
): Promise<RequestOutput<Name>> {
  const deadline = Date.now() + milliseconds;
  while (true) {
    const output = await askHost(page, name, input);
    if (wanted(output)) return output;
    if (Date.now() > deadline) throw new Error(`${name} still answers ${JSON.stringify(output).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Gives files to the page as a drop does, and the grant that the bridge makes of them. */
export async function grantThroughPage(page: Page, paths: string[]): Promise<string> {
  await page.evaluate(`{
    const input = document.createElement('input');
    Object.assign(input, { type: 'file', multiple: true, id: 'test-files', hidden: true });
    document.body.append(input);
  }`);
  await page.setInputFiles('#test-files', paths);
  const grant = await page.evaluate(`{
    const input = document.querySelector('#test-files');
    const grant = window.decant.grantFiles([...input.files]);
    input.remove();
    grant;
  }`);
  return z.string().parse(grant);
}

/** Waits for a job's end, which must be `finished`. */
export async function finishJob(page: Page, id: string): Promise<RequestOutput<'jobs.get'>> {
  const detail = await waitForAnswer(page, 'jobs.get', { id }, ({ job }) =>
    ['finished', 'failed', 'stopped', 'interrupted'].includes(job.state),
  );
  if (detail.job.state !== 'finished')
    throw new Error(`${id} ended ${detail.job.state}: ${JSON.stringify(detail.job.error)}`);
  return detail;
}
