import { DecantError } from '../../shared/errors.ts';
import { PickleTuple, type PickleValue } from './pickleValues.ts';
import { PtStorage } from './ptStorage.ts';
import { PtTensor } from './ptTensor.ts';

/** Checks the arguments of torch's builders; each failure names the builder. */
export class Parameters {
  readonly #path: string;
  readonly #callee: string;
  readonly #items: readonly PickleValue[];

  constructor(path: string, callee: string, items: readonly PickleValue[]) {
    this.#path = path;
    this.#callee = callee;
    this.#items = items;
  }

  invalid(detail: string): DecantError {
    return new DecantError('PICKLE_INVALID', `${this.#path}: ${this.#callee} with ${detail}`);
  }

  at(index: number): PickleValue {
    const value = this.#items[index];
    if (value === undefined) throw this.invalid(`only ${this.#items.length} arguments`);
    return value;
  }

  integer(index: number): number {
    const value = this.at(index);
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      throw this.invalid(`no integer as argument ${index}`);
    return value;
  }

  integers(index: number): number[] {
    const value = this.at(index);
    if (!(value instanceof PickleTuple)) throw this.invalid(`no tuple as argument ${index}`);
    return value.items.map((item) => {
      if (typeof item !== 'number') throw this.invalid(`a size that is no number`);
      return item;
    });
  }

  storage(index: number): PtStorage {
    const value = this.at(index);
    if (!(value instanceof PtStorage)) throw this.invalid('no storage');
    return value;
  }

  tensor(index: number): PtTensor {
    const value = this.at(index);
    if (!(value instanceof PtTensor)) throw this.invalid('no tensor');
    return value;
  }

  nested(index: number): Parameters {
    const value = this.at(index);
    if (!(value instanceof PickleTuple)) throw this.invalid(`no tuple as argument ${index}`);
    return new Parameters(this.#path, this.#callee, value.items);
  }
}
