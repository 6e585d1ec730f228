import { DecantError } from '../../shared/errors.ts';
import {
  PickleDictionary,
  PickleGlobal,
  PickleInstance,
  PickleList,
  PickleTuple,
  type PickleKey,
  type PickleValue,
} from './pickleValues.ts';

export interface PickleRules {
  /** Names the file in messages. */
  path: string;
  /** The allow-list: "module.name" to its meaning. */
  globals: ReadonlyMap<string, PickleGlobal>;
  persistentLoad: (id: PickleValue) => PickleValue;
}

const longestName = 256;

const mark = Symbol('mark');

/** The stack, the memo and the reading position of one pickle. Its methods are what the opcodes do. */
export class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly view: DataView;
  readonly #rules: PickleRules;
  readonly #stack: (PickleValue | typeof mark)[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #position = 0;

  constructor(bytes: Uint8Array, rules: PickleRules) {
    this.#bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#rules = rules;
  }

  get isEmpty(): boolean {
    return this.#stack.length === 0;
  }

  get position(): number {
    return this.#position;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pushMark(): void {
    this.#stack.push(mark);
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  persistentLoad(): void {
    this.push(this.#rules.persistentLoad(this.pop()));
  }

  invalid(detail: string): DecantError {
    return new DecantError('PICKLE_INVALID', `${this.#rules.path}: ${detail}`);
  }

  /** The position of the next `count` bytes, which must exist. */
  take(count: number): number {
    const start = this.#position;
    if (start + count > this.#bytes.byteLength) throw this.invalid('the pickle ends too early');
    this.#position += count;
    return start;
  }

  length(width: 1 | 4 | 8): number {
    const start = this.take(width);
    if (width === 1) return this.view.getUint8(start);
    if (width === 4) return this.view.getUint32(start, true);
    return Number(this.view.getBigUint64(start, true));
  }

  protocol(version: number): void {
    if (version < 2 || version > 5) throw this.invalid(`pickle protocol ${version} is not one of 2 to 5`);
  }

  frame(length: number): void {
    if (this.#position + length > this.#bytes.byteLength) throw this.invalid('the pickle ends too early');
  }

  text(length: number): string {
    const start = this.take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        this.#bytes.subarray(start, start + length),
      );
    } catch {
      throw this.invalid(`the text at byte ${start} is not UTF-8`);
    }
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0 || end - this.#position > longestName) throw this.invalid('a global without an end to its name');
    const text = this.text(end - this.#position);
    this.take(1);
    return text;
  }

  long(length: number): number | bigint {
    if (length > 8) throw this.invalid(`an integer of ${length} bytes`);
    const start = this.take(length);
    let value = 0n;
    for (let index = 0; index < length; index++)
      value |= BigInt(this.view.getUint8(start + index)) << BigInt(8 * index);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.invalid(`nothing on the stack at byte ${this.#position - 1}`);
    return value;
  }

  popMany(count: number): PickleValue[] {
    const values: PickleValue[] = [];
    for (let index = 0; index < count; index++) values.unshift(this.pop());
    return values;
  }

  popToMark(): PickleValue[] {
    const values: PickleValue[] = [];
    for (;;) {
      const value = this.#stack.pop();
      if (value === undefined) throw this.invalid(`no mark on the stack at byte ${this.#position - 1}`);
      if (value === mark) return values.reverse();
      values.push(value);
    }
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw this.invalid(`nothing on the stack at byte ${this.#position - 1}`);
    return value;
  }

  append(items: PickleValue[]): void {
    const list = this.top();
    if (!(list instanceof PickleList)) throw this.invalid('it appends to what is no list');
    for (const item of items) list.items.push(item);
  }

  setItems(items: PickleValue[]): void {
    const dictionary = this.top();
    if (!(dictionary instanceof PickleDictionary)) throw this.invalid('it sets items of what is no dictionary');
    if (items.length % 2 !== 0) throw this.invalid('a key without a value');
    for (let index = 0; index < items.length; index += 2)
      dictionary.entries.set(this.#key(items[index]), items[index + 1] ?? null);
  }

  #key(value: PickleValue | undefined): PickleKey {
    if (value === undefined || (typeof value === 'object' && value !== null))
      throw this.invalid('a dictionary key that is neither text nor number');
    return value;
  }

  put(index: number): void {
    this.#memo.set(index, this.top());
  }

  get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.invalid(`memo ${index} was never set`);
    this.#stack.push(value);
  }

  global(module: string, name: string): void {
    const global = this.#rules.globals.get(`${module}.${name}`);
    if (global === undefined)
      throw new DecantError('PICKLE_FORBIDDEN', `${this.#rules.path}: the global "${module}.${name}" is not allowed`);
    this.#stack.push(global);
  }

  stackGlobal(): void {
    const [module, name] = this.popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string') throw this.invalid('a global whose name is no text');
    this.global(module, name);
  }

  reduce(): void {
    const [callee, parameters] = this.popMany(2);
    if (!(callee instanceof PickleGlobal) || !(parameters instanceof PickleTuple))
      throw this.invalid('it calls what is no global');
    if (callee.call === undefined) throw this.invalid(`"${callee.name}" cannot be called`);
    this.#stack.push(callee.call(parameters.items));
  }

  newObject(): void {
    const [callee, parameters] = this.popMany(2);
    if (!(callee instanceof PickleGlobal) || !(parameters instanceof PickleTuple))
      throw this.invalid('it creates what is no class');
    if (callee.create === undefined || parameters.items.length > 0)
      throw this.invalid(`"${callee.name}" cannot be created so`);
    this.#stack.push(callee.create());
  }

  build(): void {
    const state = this.pop();
    const target = this.top();
    if (!(state instanceof PickleDictionary)) throw this.invalid('an object state that is no dictionary');
    if (target instanceof PickleInstance) target.state = state;
    // The `_metadata` attribute of a state dict: module versions, which nothing here needs.
    else if (!(target instanceof PickleDictionary)) throw this.invalid('it gives a state to what has none');
  }
}
