import { href, parseRoute, splitHash, type Route } from './route.ts';

/** The page shown: it follows the address, and nothing else. */
class Router {
  #hash = $state('');
  readonly route: Route = $derived(parseRoute(this.#hash));
  readonly #parts = $derived(splitHash(this.#hash));

  start(): void {
    this.#hash = location.hash;
    addEventListener('hashchange', () => {
      this.#hash = location.hash;
    });
  }

  /** One entry of the address's query: page state that must survive a reload lives there. */
  query(key: string): string | undefined {
    return this.#parts.query.get(key) ?? undefined;
  }

  /** Changes entries of the query in place; undefined removes one. Leaves no step in the history. */
  setQuery(changes: Readonly<Record<string, string | undefined>>): void {
    const merged: Record<string, string | undefined> = { ...Object.fromEntries(this.#parts.query), ...changes };
    const { path } = this.#parts;
    this.navigate(href(path.startsWith('/') ? (path as `/${string}`) : '/', merged), { replace: true });
  }

  navigate(hash: string, { replace = false }: { replace?: boolean } = {}): void {
    if (replace) {
      history.replaceState(history.state, '', hash);
      this.#hash = hash;
    } else location.hash = hash;
  }
}

export const router = new Router();
