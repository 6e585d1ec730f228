/** The pages by the name of their folder, and what their address holds. */
export type Route =
  | { page: 'welcome' }
  | { page: 'runs' }
  | { page: 'run'; id: string }
  | { page: 'new'; preset: string | undefined; from: string | undefined }
  | { page: 'datasets' }
  | { page: 'checkpoints' }
  | { page: 'library' }
  | { page: 'device' }
  | { page: 'compare'; runs: string[] }
  | { page: 'start' }
  | { page: 'unknown'; path: string };

export type PageName = Route['page'];

/** What a page's component is given. */
export interface PageProps<Name extends PageName = PageName> {
  route: Extract<Route, { page: Name }>;
}

export function parseRoute(hash: string): Route {
  const { path, query } = splitHash(hash);
  const [first, second, ...rest] = path.split('/').filter((part) => part !== '');
  if (first === undefined) return { page: 'start' };
  if (rest.length === 0 && first === 'runs' && second !== undefined) return { page: 'run', id: decodePart(second) };
  if (second === undefined)
    switch (first) {
      case 'runs':
      case 'welcome':
      case 'datasets':
      case 'checkpoints':
      case 'library':
      case 'device':
        return { page: first };
      case 'new':
        return { page: 'new', preset: query.get('preset') ?? undefined, from: query.get('from') ?? undefined };
      case 'compare':
        return { page: 'compare', runs: (query.get('runs') ?? '').split(',').filter((id) => id !== '') };
    }
  return { page: 'unknown', path };
}

export function splitHash(hash: string): { path: string; query: URLSearchParams } {
  const text = hash.startsWith('#') ? hash.slice(1) : hash;
  const mark = text.indexOf('?');
  return mark === -1
    ? { path: text, query: new URLSearchParams() }
    : { path: text.slice(0, mark), query: new URLSearchParams(text.slice(mark + 1)) };
}

/** An address of this window: `href('/new', { preset: 'quick' })` is `#/new?preset=quick`; undefined entries are left out. */
export function href(path: `/${string}`, query: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') parameters.set(key, value);
  const text = parameters.toString();
  return text === '' ? `#${path}` : `#${path}?${text}`;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
