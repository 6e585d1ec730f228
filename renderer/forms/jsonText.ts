/** A place in a text, both from 1. */
export interface Position {
  line: number;
  column: number;
}

export type ReadJson =
  | {
      value: unknown;
      /** Where each entry begins, by its path as JSON; that of an object's entry is its key's. */ places: ReadonlyMap<
        string,
        Position
      >;
    }
  | { problem: string; at: Position };

/**
 * Reads JSON, and remembers where each entry stands, so that what is wrong with one can be named at its line. A key that stands twice is
 * refused: one of the two would be lost without a word.
 */
export function readJson(text: string): ReadJson {
  if (text.length > longest) return { problem: 'the text is too long for a configuration', at: { line: 1, column: 1 } };
  const reader = new Reader(text);
  try {
    return { value: reader.readAll(), places: reader.places };
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return { problem: thrown.message, at: positionAt(text, thrown.offset) };
  }
}

/** Where a path stands in the text; what is missing stands where the object around it does. */
export function placeOf(read: ReadJson, path: readonly string[]): Position | undefined {
  if ('problem' in read) return undefined;
  for (let length = path.length; length >= 0; length -= 1) {
    const place = read.places.get(JSON.stringify(path.slice(0, length)));
    if (place !== undefined) return place;
  }
  return undefined;
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

export function offsetOfLine(text: string, line: number): number {
  let offset = 0;
  for (let passed = 1; passed < line; passed += 1) {
    const end = text.indexOf('\n', offset);
    if (end === -1) return offset;
    offset = end + 1;
  }
  return offset;
}

class Problem extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const longest = 100_000;
const deepest = 100;
const literals = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

class Reader {
  readonly places = new Map<string, Position>();
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): unknown {
    const value = this.#value([]);
    this.#space();
    if (this.#offset < this.#text.length) this.#fail(`${this.#found()} after the end of the configuration`);
    return value;
  }

  #value(path: readonly string[], place = -1): unknown {
    this.#space();
    if (path.length > deepest) this.#fail('too many brackets inside one another');
    this.places.set(JSON.stringify(path), positionAt(this.#text, place === -1 ? this.#offset : place));
    const next = this.#text[this.#offset];
    if (next === '{') return this.#object(path);
    if (next === '[') return this.#array(path);
    if (next === '"') return this.#string();
    const [word] = /^[-+\w.]+/.exec(this.#text.slice(this.#offset, this.#offset + 400)) ?? [''];
    if (word === '') this.#fail(`a value was expected, ${this.#found()} stands here`);
    if (!literals.has(word) && !/^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(word))
      this.#fail(`${word} is neither a number, true, false, null nor a text in "quotes"`);
    if (!literals.has(word) && !Number.isFinite(Number(word))) this.#fail(`${word} is too large a number`);
    this.#offset += word.length;
    return literals.has(word) ? literals.get(word) : Number(word);
  }

  #object(path: readonly string[]): unknown {
    const entries = new Map<string, unknown>();
    this.#offset += 1;
    if (this.#take('}')) return {};
    for (;;) {
      this.#space();
      const start = this.#offset;
      if (this.#text[start] !== '"') this.#fail(`a key in "quotes" was expected, ${this.#found()} stands here`);
      const key = this.#string();
      if (entries.has(key)) this.#fail(`"${key}" stands here a second time`, start);
      if (!this.#take(':')) this.#fail(`a colon was expected after "${key}", ${this.#found()} stands here`);
      entries.set(key, this.#value([...path, key], start));
      if (this.#take('}')) return Object.fromEntries(entries);
      if (!this.#take(',')) this.#fail(`a comma or } was expected, ${this.#found()} stands here`);
    }
  }

  #array(path: readonly string[]): unknown {
    const items: unknown[] = [];
    this.#offset += 1;
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.#value([...path, String(items.length)]));
      if (this.#take(']')) return items;
      if (!this.#take(',')) this.#fail(`a comma or ] was expected, ${this.#found()} stands here`);
    }
  }

  #string(): string {
    const start = this.#offset;
    let end = start + 1;
    while (this.#text[end] !== '"') {
      if (end >= this.#text.length || this.#text[end] === '\n')
        this.#fail('the text that begins here has no closing quote');
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#offset = end + 1;
    try {
      // Between its quotes a JSON text is exactly what this reads.
      return String(JSON.parse(this.#text.slice(start, this.#offset)));
    } catch {
      return this.#fail('the text that begins here has a character or an escape that JSON does not allow', start);
    }
  }

  #take(sign: string): boolean {
    this.#space();
    if (this.#text[this.#offset] !== sign) return false;
    this.#offset += 1;
    return true;
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#offset] ?? '')) this.#offset += 1;
  }

  #found(): string {
    return this.#offset >= this.#text.length ? 'the end of the text' : `"${this.#text[this.#offset] ?? ''}"`;
  }

  #fail(message: string, offset = this.#offset): never {
    throw new Problem(message, offset);
  }
}
