import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { z } from 'zod';
import { sha256OfFile } from '../../../main/files/hash.ts';
import { askCommand } from '../support/served.ts';
import { downloadBy, goTo } from '../support/window.ts';
import { withReference, type Session } from './session.ts';

const exportSchema = z.object({
  result: z.object({
    report: z.object({ file: z.string(), sha256: z.string(), bytes: z.int(), fp32Bytes: z.int() }),
  }),
});

/** Runs in the page, which has what this program has no types for. */
function startDrag(card: { dispatchEvent(event: unknown): void }): string {
  const { DataTransfer, DragEvent } = globalThis as unknown as PageClasses;
  const dataTransfer = new DataTransfer();
  for (const type of ['dragstart', 'dragend'])
    card.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  return dataTransfer.getData('DownloadURL');
}

interface PageClasses {
  DataTransfer: new () => { getData(format: string): string };
  DragEvent: new (type: string, options: object) => object;
}

/** Checkpoints as files: half the size, whole, by download and by what a drag carries. */
export function exporting(session: Session): void {
  for (const format of ['safetensors', 'pt'])
    withReference(`hands a checkpoint out as .${format} of half the size, whole`, async () => {
      const { page, home } = session;
      await goTo(page, `/checkpoints?search=${session.run('First')}&format=${format}&precision=fp16`);
      const card = page.getByRole('article', { name: /^Checkpoint / }).first();
      const control = card.locator('[data-ready]');
      await expect.poll(() => card.getAttribute('draggable')).toBe('false');
      await card.getByRole('button', { name: /^Make the file/ }).click();
      const link = card.getByRole('link', { name: /^Download/ });
      await link.waitFor();
      await expect.poll(() => card.getAttribute('draggable')).toBe('true');
      const job = (await control.getAttribute('data-export')) ?? '';
      const { report } = exportSchema.parse(await askCommand(home, 'show', job)).result;
      const { name, path } = await downloadBy(page, () => link.click());
      expect(name).toBe(report.file);
      expect(name.endsWith(`.${format}`)).toBe(true);
      expect(await sha256OfFile(path)).toEqual({ bytes: report.bytes, sha256: report.sha256 });
      expect(report.bytes / report.fp32Bytes).toBeGreaterThan(0.45);
      expect(report.bytes / report.fp32Bytes).toBeLessThan(0.55);
      // Where the card is dropped, the browser fetches what this names.
      const dragged = await card.evaluate(startDrag);
      const [, file, address] = /^application\/octet-stream:([^:]+):(http.*)$/.exec(dragged) ?? [];
      expect(file).toBe(report.file);
      const fetched = await page.request.get(address ?? '');
      expect((await fetched.body()).equals(readFileSync(path))).toBe(true);
    });
}
