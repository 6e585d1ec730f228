/** What a pickle may build: values of Python's literals, and what the globals of an allow-list make of them. */

export class PickleList {
  readonly items: PickleValue[];

  constructor(items: PickleValue[] = []) {
    this.items = items;
  }
}

export class PickleTuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[] = []) {
    this.items = items;
  }
}

export type PickleKey = string | number | bigint | boolean | null;

export class PickleDictionary {
  readonly entries = new Map<PickleKey, PickleValue>();
}

/** An object of an allowed class: its name and the state that BUILD gave it. Nothing of the class itself exists here. */
export class PickleInstance {
  readonly className: string;
  state: PickleDictionary | undefined;

  constructor(className: string) {
    this.className = className;
  }
}

/** An allowed global, by "module.name". Without `call` or `create` it is only a constant. */
export class PickleGlobal {
  readonly name: string;
  /** REDUCE. */
  readonly call: ((parameters: readonly PickleValue[]) => PickleValue) | undefined;
  /** NEWOBJ without arguments. */
  readonly create: (() => PickleValue) | undefined;

  constructor(
    name: string,
    actions: { call?: (parameters: readonly PickleValue[]) => PickleValue; create?: () => PickleValue } = {},
  ) {
    this.name = name;
    this.call = actions.call;
    this.create = actions.create;
  }
}

/** What the caller's globals and persistent ids make (a tensor, a storage): opaque to the interpreter. */
export abstract class PickleForeign {
  abstract readonly foreign: string;
}

export type PickleValue =
  PickleKey | PickleList | PickleTuple | PickleDictionary | PickleInstance | PickleGlobal | PickleForeign;
