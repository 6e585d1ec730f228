import { expect, it } from 'vitest';
import { formatBytes, formatDuration, formatNumber, formatTable, printable } from '../../../main/cli/format.ts';
import { ProgressText } from '../../../main/cli/progress.ts';
import { describeAssessment } from '../../../main/cli/quickPour.ts';
import { jobRecord } from '../../support/records.ts';

it('numbers have units', () => {
  expect([0, 999, 1000, 3_970_000, 32.2e9].map(formatBytes)).toEqual(['0 B', '999 B', '1.00 kB', '3.97 MB', '32.2 GB']);
  expect([0.6, 59, 3600, 90_000, NaN].map(formatDuration)).toEqual(['0.6 s', '59 s', '1 h 0 min', '25 h 0 min', '?']);
  expect([0, 1.23456, 1e-4, 1e7, NaN].map(formatNumber)).toEqual(['0', '1.235', '1.00e-4', '1.00e+7', 'NaN']);
});

it('nothing that a terminal obeys gets out of a name', () => {
  expect(printable('a\r\nb\tc\n')).toBe('a\nb\tc\n');
  const [escape, csi, back] = ['\u001b', '\u009b', '\b'];
  expect(printable(`${escape}]52;c;bHM=\u0007 ${csi}2J ${back}é\r`)).toBe(
    String.raw`\x1b]52;c;bHM=\x07 \x9b2J \x08é\x0d`,
  );
});

it('tables put numbers to the right', () => {
  expect(
    formatTable(
      ['name', 'n'],
      [
        ['a', '1'],
        ['long name', '100'],
      ],
    ),
  ).toBe('name         n\na            1\nlong name  100\n');
});

const job = jobRecord('r-1', { progress: { stage: 'labelling', done: 5, total: 10, unit: 'windows' } });

it('progress shows the stage, the rate, the time left and the losses', () => {
  const text = new ProgressText();
  expect(text.describe(job, 0, 0)).toBe('labelling  50 %  5/10 windows');
  expect(text.describe({ ...job, step: 1 }, 0, 1000)).toBe('training  1 %  1/100 steps');
  text.hear({ type: 'metrics', id: 'r-1', step: 21, values: { totalLoss: 0.5, weightedRewardLoss: 1, scale: 2 } });
  expect(text.describe({ ...job, step: 21 }, 10, 11_000)).toBe(
    'training  ██░░░░░░░░  21 %  21/100 steps  2 steps/s  40 s left  total 0.5',
  );
  expect(text.describe({ ...job, state: 'interrupted', step: 30 }, 0, 12_000)).toMatch(/^interrupted {2}30 %/);
});

it('the verdict of a quick pour is a table', () => {
  const row = { task: 'pendulum-spin', samples: 8, student: 0.01, teacher: null, untrained: 1, constant: 0.1 };
  const table = describeAssessment({ tasks: [{ ...row, ratioToUntrained: 0.01, ratioToConstant: 0.1 }] });
  expect(table).toContain('pendulum-spin');
  expect(table).toMatch(/0\.01\s+–\s+1\s+0\.1\s+0\.010\s+0\.100/);
});
