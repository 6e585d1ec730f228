import { floatTensor, type FloatTensor, type TensorMap } from '../../../shared/tensor.ts';
import { type Program } from './program.ts';

/**
 * What a program's state is loaded from, by name. Errors: RangeError for one that is missing, not float32, or whose data do not
 * fill its shape.
 */
export function requireState({ name: program, state: names }: Program, state: TensorMap): Map<string, FloatTensor> {
  return new Map(
    names.map((name) => {
      const tensor = state.get(name);
      if (tensor === undefined) throw new RangeError(`program ${program} needs state ${name}`);
      if (!(tensor.data instanceof Float32Array))
        throw new RangeError(`program ${program} needs state ${name} as float32, not ${tensor.dtype}`);
      return [name, floatTensor(tensor.shape, tensor.data)];
    }),
  );
}

/** A text that is equal for states of equal shapes: graphs are recorded for one of them. */
export function stateKey(state: ReadonlyMap<string, { shape: readonly number[] }>): string {
  return [...state].map(([name, { shape }]) => `${name}[${shape.join(',')}]`).join(' ');
}
