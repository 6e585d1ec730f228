import type { Estimate } from '../../../shared/results.ts';
import { exactNumber, formatCount } from '../../format/numbers.ts';
import { formatDuration } from '../../format/times.ts';

type Found = Pick<Estimate, 'windowsToLabel' | 'labelSeconds' | 'teacherSecondsPerStep'>;

/** What the teacher's labels take: before the run, or within each of its updates. */
export function labelsText(found: Found): { value: string; exact: string } {
  const { windowsToLabel, labelSeconds, teacherSecondsPerStep } = found;
  if (teacherSecondsPerStep > 0)
    return {
      value: `${formatDuration(teacherSecondsPerStep * 1000)} of each update`,
      exact: `${exactNumber(teacherSecondsPerStep)} seconds of each update, which counts them`,
    };
  return {
    value: windowsToLabel === 0 ? 'none to make' : formatDuration(labelSeconds * 1000),
    exact: `${formatCount(windowsToLabel)} rows still need a label`,
  };
}
