import { library } from './host.ts';

/** What the library calls the dataset or checkpoint that an entry of a configuration names; undefined for other entries and what is gone. */
export function referenceName(path: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (path === 'dataset') return library.dataset(value)?.name;
  if (path === 'teacher' || path === 'student.init') return library.checkpoint(value)?.name;
  return undefined;
}
