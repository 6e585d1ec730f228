import { expect, test } from 'vitest';
import { Listeners } from '../../shared/listeners.ts';

test('everyone hears until they leave, in the order in which they came', () => {
  const heard: string[] = [];
  const listeners = new Listeners<number>();
  const note = (said: number): void => {
    heard.push(`first ${said}`);
  };
  const leave = listeners.add(note);
  listeners.add(note);
  listeners.add((said) => heard.push(`second ${said}`));
  listeners.tell(1);
  leave();
  leave();
  listeners.tell(2);
  listeners.clear();
  listeners.tell(3);
  expect(heard).toEqual(['first 1', 'first 1', 'second 1', 'first 2', 'second 2']);
});

test('whoever joins while something is told hears the next', () => {
  const heard: number[] = [];
  const listeners = new Listeners<number>();
  listeners.add((said) => {
    if (said === 1) listeners.add((later) => heard.push(later));
  });
  listeners.tell(1);
  listeners.tell(2);
  expect(heard).toEqual([2]);
});

test('one that throws keeps nobody else from hearing where failures are handled', () => {
  const failures: unknown[] = [];
  const heard: number[] = [];
  const wrong = new Error('wrong');
  const listeners = new Listeners<number>((thrown) => failures.push(thrown));
  listeners.add(() => {
    throw wrong;
  });
  listeners.add((said) => heard.push(said));
  listeners.tell(1);
  expect([failures, heard]).toEqual([[wrong], [1]]);
});
