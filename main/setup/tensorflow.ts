import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { DecantError } from '../../shared/errors.ts';
import { moveDurably } from '../files/folders.ts';
import { lastLines } from './programs.ts';
import { sourcesStep } from './sourcesStep.ts';
import { type Step } from './steps.ts';
import { syncFile } from './sync.ts';
import { wheelSteps } from './wheelSteps.ts';
import { removeIfThere, type TensorflowWork } from './tensorflowWork.ts';

/** The steps in their order. Each can be cut short at any moment and begun again. */
export function tensorflowSteps(work: TensorflowWork): Step[] {
  return [
    sourcesStep(work),
    ...work.downloads.wheels.flatMap((wheel) => wheelSteps(work, wheel)),
    compileStep(work),
    checkStep(work),
  ];
}

const units = ['tfjs_backend', 'tfjs_binding'] as const;

function compileStep(work: TensorflowWork): Step {
  const { places } = work;
  return {
    id: 'compile',
    key: `${work.downloads.binding.integrity} ${work.downloads.wheels[0]?.sha256 ?? ''}`,
    title: 'compiling the binding',
    run: async (report) => {
      const compile = async (args: readonly string[]): Promise<void> => {
        const { status, printed } = await work.run({ program: 'g++', args }, work.signal);
        if (status !== 0) throw new DecantError('SETUP_FAILED', `g++: ${lastLines(printed)}`);
      };
      const binding = join(places.sources, 'binding/binding');
      const includes = [binding, join(places.sources, 'headers/include'), join(places.site, 'tensorflow/include')];
      const common = ['-std=c++17', '-O2', '-fPIC', '-w', '-DNAPI_VERSION=8', ...includes.map((path) => `-I${path}`)];
      let done = 0;
      const object = (unit: string): string => join(places.sources, `${unit}.o`);
      const unitOf = async (unit: string): Promise<void> => {
        await compile([...common, '-c', join(binding, `${unit}.cc`), '-o', object(unit)]);
        done += 1;
        await report(done, units.length + 1, 'steps');
      };
      if (availableParallelism() > 1) await Promise.all(units.map(unitOf));
      else for (const unit of units) await unitOf(unit);
      await mkdir(dirname(places.binding), { recursive: true });
      const libraries = ['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'];
      // Found from where the binding lies, so that the folder can be moved.
      const search = [`-L${join(places.site, 'tensorflow')}`, '-Wl,-rpath,$ORIGIN/../site/tensorflow'];
      const linked = join(places.sources, 'tfjs_binding.node');
      await compile(['-shared', '-o', linked, ...units.map(object), ...search, ...libraries]);
      await syncFile(linked);
      await moveDurably(linked, places.binding);
      await report(units.length + 1, units.length + 1, 'steps');
    },
  };
}

function checkStep(work: TensorflowWork): Step {
  return {
    id: 'check',
    key: work.downloads.wheels.map(({ sha256 }) => sha256).join(' '),
    title: 'starting TensorFlow',
    run: async (report) => {
      const { places } = work;
      await work.check(places.folder).catch((thrown: unknown) => {
        if (thrown instanceof DecantError && thrown.code === 'SETUP_FAILED') throw thrown;
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        throw new DecantError('SETUP_FAILED', `TensorFlow was built and does not start: ${reason}`, { cause: thrown });
      });
      await report(1, 1, 'steps');
    },
    cleanUp: async () => {
      const { downloads, sources, site } = work.places;
      for (const folder of [downloads, sources, join(site, 'tensorflow/include')]) await removeIfThere(folder);
    },
  };
}
