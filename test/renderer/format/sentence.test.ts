import { expect, it } from 'vitest';
import { sentence } from '../../../renderer/format/sentence.ts';

it.each([
  ['must be at least 1', 'Must be at least 1.'],
  ['method "distil" needs a teacher', 'Method "distil" needs a teacher.'],
  ['This is needed.', 'This is needed.'],
  ['is it so? ', 'Is it so?'],
  ['élan', 'Élan.'],
  ['', ''],
])('makes a sentence of %j', (text, wanted) => {
  expect(sentence(text)).toBe(wanted);
});
