import { GraphBuilder } from '../graph/builder.ts';
import { type TensorflowBinding } from './binding.ts';
import { attribute } from './attributes.ts';
import { lowerProgram, type LoweredProgram } from './model.ts';
import { ProgramSession } from './session.ts';

/** What a loaded TensorFlow can do. */
export interface Capabilities {
  readonly version: string;
  readonly gpu: boolean;
  readonly xla: boolean;
}

const probed = new WeakMap<TensorflowBinding, Promise<Capabilities>>();

export function capabilitiesOf(binding: TensorflowBinding): Promise<Capabilities> {
  const known = probed.get(binding) ?? probe(binding);
  probed.set(binding, known);
  return known;
}

async function probe(binding: TensorflowBinding): Promise<Capabilities> {
  return { version: binding.TF_Version, gpu: binding.isUsingGpuDevice(), xla: await hasXla(binding) };
}

/** A program of one operation: y = -x. */
function smallProgram(compile: boolean): LoweredProgram {
  const build = new GraphBuilder();
  const x = build.input('x', [2], 'float32');
  const graph = build.graph('probe', new Map([['y', build.apply({ type: 'Neg' }, x)]]));
  return lowerProgram(graph, { state: new Set(), compile });
}

/**
 * A library without XLA may take the wish to be compiled as none at all: so a function must fail to compile, for an operation that XLA has no
 * form of, and the same one without that operation must run.
 */
async function hasXla(binding: TensorflowBinding): Promise<boolean> {
  const impossible = smallProgram(true);
  impossible.message.functions[0]?.nodeDef.push({
    name: 'text',
    op: 'AsString',
    input: ['x0'],
    attr: { T: attribute.type('float32') },
  });
  impossible.message.functions[0]?.signature.controlOutput.push('text');
  const control = impossible.message.functions[0]?.controlRet;
  if (control !== undefined) control['text'] = 'text';
  return (await runs(binding, smallProgram(true))) && !(await runs(binding, impossible));
}

async function runs(binding: TensorflowBinding, program: LoweredProgram): Promise<boolean> {
  try {
    const session = await ProgramSession.open(program, binding);
    try {
      const [result] = session.step([Float32Array.of(1, -2)]);
      return result?.[0] === -1 && result[1] === 2;
    } finally {
      session.close();
    }
  } catch {
    return false;
  }
}
