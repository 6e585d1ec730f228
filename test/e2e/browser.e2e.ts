import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { comparing } from './browser/comparing.ts';
import { devicePage } from './browser/devicePage.ts';
import { endings } from './browser/endings.ts';
import { exporting } from './browser/exporting.ts';
import { firstStart } from './browser/firstStart.ts';
import { importing } from './browser/importing.ts';
import { newRun } from './browser/newRun.ts';
import { runPage } from './browser/runPage.ts';
import { noBrowser, Session } from './browser/session.ts';

describe.skipIf(noBrowser !== undefined)('Decant in a browser', () => {
  const session = new Session();
  beforeAll(() => session.start());
  afterAll(() => session.end());

  describe('a first day, in its order', () => {
    beforeEach(({ onTestFailed, skip, task }) => {
      if (session.broken !== undefined) skip(`it needs "${session.broken}", which failed`);
      onTestFailed(() => {
        session.broken ??= task.name;
      });
    });
    for (const part of [firstStart, devicePage, importing, newRun, runPage, exporting, comparing, endings])
      part(session);
  });

  it('is accessible on every page, in every state and in both themes', () => {
    console.log(`axe looked at ${session.looked} pages and states, each in both themes`);
    expect(session.findings).toEqual([]);
    expect(session.looked).toBeGreaterThan(0);
  });

  it('complains about nothing in the console', () => {
    // A host that ended, or that knows another token, is complained about by the browser itself.
    expect(session.problems.filter((text) => !/WebSocket|ERR_CONNECTION|401/.test(text))).toEqual([]);
  });
});
