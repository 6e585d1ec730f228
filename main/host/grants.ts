import { DecantError } from '../../shared/errors.ts';

interface Grant {
  paths: readonly string[];
  use: 'read' | 'write';
  expires: number;
}

/** Permissions to touch paths, given by the person's own action and spent once: paths never come from a browser. */
export class Grants {
  readonly #grants = new Map<string, Grant>();
  readonly #lifetime: number;
  readonly #now: () => number;

  /** `lifetime` in milliseconds. */
  constructor(lifetime = 10 * 60_000, now: () => number = Date.now) {
    this.#lifetime = lifetime;
    this.#now = now;
  }

  create(paths: readonly string[], use: 'read' | 'write'): string {
    const now = this.#now();
    for (const [id, grant] of this.#grants) if (grant.expires <= now) this.#grants.delete(id);
    const id = crypto.randomUUID();
    this.#grants.set(id, { paths: [...paths], use, expires: now + this.#lifetime });
    return id;
  }

  /** The paths of a grant, which is then spent. Errors: UNAUTHORISED for one that is unknown, spent, expired or for another use. */
  redeem(id: string, use: 'read' | 'write'): readonly string[] {
    const grant = this.#grants.get(id);
    this.#grants.delete(id);
    if (grant === undefined || grant.expires <= this.#now())
      throw new DecantError(
        'UNAUTHORISED',
        'the permission for these files is unknown, used or too old: choose them again',
      );
    if (grant.use !== use)
      throw new DecantError('UNAUTHORISED', `the permission is to ${grant.use} these files, not to ${use} them`);
    return grant.paths;
  }
}
