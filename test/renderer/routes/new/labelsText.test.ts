import { expect, it } from 'vitest';
import { labelsText } from '../../../../renderer/routes/new/labelsText.ts';

it('says when the teacher labels, and how long', () => {
  const none = { windowsToLabel: 0, labelSeconds: 0, teacherSecondsPerStep: 0 };
  expect(labelsText(none).value).toBe('none to make');
  const before = labelsText({ ...none, windowsToLabel: 1200, labelSeconds: 60 });
  expect(before.value).toMatch(/^1 min/);
  expect(before.exact).toMatch(/1[^\d]?200 rows still need/);
  // On the fly no row is left to label before the run, and yet labels are made.
  expect(labelsText({ ...none, teacherSecondsPerStep: 2 }).value).toMatch(/^2.* of each update$/);
});
