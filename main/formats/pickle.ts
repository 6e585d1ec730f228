import { DecantError } from '../../shared/errors.ts';
import { PickleMachine, type PickleRules } from './pickleMachine.ts';
import { pickleOpcodes } from './pickleOpcodes.ts';
import { type PickleValue } from './pickleValues.ts';

/** A checkpoint's pickle has about 10 kB. */
export const largestPickle = 16 << 20;
const largestOpcodeCount = 2_000_000;
const stop = 0x2e;

function opcodeText(opcode: number): string {
  const printable = opcode > 0x20 && opcode < 0x7f ? ` ("${String.fromCharCode(opcode)}")` : '';
  return `0x${opcode.toString(16).padStart(2, '0')}${printable}`;
}

/**
 * Interprets a pickle (protocol 2 to 5) without ever looking anything up or running anything: globals are names in `rules.globals`.
 * Every opcode makes at most one value of bounded size, so memory is bounded by the pickle's own length.
 * Errors: PICKLE_FORBIDDEN names a global that is not allowed, PICKLE_INVALID an opcode that is not known here or a structure that
 * cannot be, FILE_TOO_LARGE.
 */
export function unpickle(bytes: Uint8Array, rules: PickleRules): PickleValue {
  if (bytes.byteLength > largestPickle)
    throw new DecantError(
      'FILE_TOO_LARGE',
      `${rules.path}: a pickle of ${bytes.byteLength} bytes; at most ${largestPickle} are accepted`,
    );
  const machine = new PickleMachine(bytes, rules);
  for (let count = 0; count < largestOpcodeCount; count++) {
    const opcode = machine.view.getUint8(machine.take(1));
    if (opcode === stop) {
      const result = machine.pop();
      if (!machine.isEmpty) throw machine.invalid('it ends with values left over');
      return result;
    }
    const action = pickleOpcodes.get(opcode);
    if (action === undefined)
      throw machine.invalid(
        `opcode ${opcodeText(opcode)} at byte ${machine.position - 1} is not one that tensors need`,
      );
    action(machine);
  }
  throw new DecantError('FILE_TOO_LARGE', `${rules.path}: a pickle of more than ${largestOpcodeCount} opcodes`);
}
