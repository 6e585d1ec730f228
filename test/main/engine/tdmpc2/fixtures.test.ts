import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { FixtureSet } from '../../../conformance/fixtureSet.ts';
import { checkContents, checkFixtures } from '../../../conformance/fixtures.ts';
import { Report } from '../../../conformance/report.ts';

const root = join(import.meta.dirname, '../../../fixtures/tdmpc2');
let backend: Backend;
let compiled: Backend;

beforeAll(async () => {
  backend = await startBackend('wasm');
  compiled = await startBackend('onnx', { threads: 1 });
});

/** A report that keeps what failed. */
function collect(): { report: Report; failures: string[] } {
  const failures: string[] = [];
  return { report: new Report((line) => failures.push(line), false), failures };
}

describe('recorded numbers of the official code', () => {
  const folders = ['fixtures_narrow_q5', 'fixtures_dropout'];
  test.each(folders.flatMap((name) => [[name, 'eager'] as const, [name, 'onnx'] as const]))(
    '%s, %s',
    async (name, kind) => {
      const { report, failures } = collect();
      await checkFixtures(join(root, name), kind === 'eager' ? backend : compiled, report);
      expect(failures).toEqual([]);
      expect(report.passed).toBeGreaterThan(500);
    },
  );
});

describe('one changed entry is noticed', () => {
  test.each([
    ['fixtures_dropout', 'forward', 'R_teacher'],
    ['fixtures_dropout', 'forward', 'symlog_out'],
    ['fixtures_dropout', 'forward', 'dropout_mask_td_target'],
    ['fixtures_dropout', 'update2_inputs', 'noise_pi'],
    ['fixtures_dropout', 'update1_inputs', 'dropout_mask_2_value_loss'],
    ['fixtures_dropout', 'update1_inputs', 'reward'],
    ['fixtures_dropout', 'weights_init', '_target_Qs.params.0'],
    ['fixtures_narrow_q5', 'mppi', 'cup-catch.plan1.prev_mean'],
    ['fixtures_narrow_q5', 'mppi', 'cheetah-run.plan0.final_score'],
    ['fixtures_narrow_q5', 'mppi', 'cheetah-run.plan0.noise_pi_trajs'],
    ['fixtures_narrow_q5', 'mppi', 'cheetah-run.plan1.qidx_value'],
  ])('%s %s %s', async (name, file, tensor) => {
    const { report } = collect();
    const set = await FixtureSet.open(join(root, name), report);
    const { data } = set.tensor(file, tensor);
    if (data instanceof Uint8Array) data[0] = 1 - (data[0] ?? 0);
    else if (data instanceof BigInt64Array) data[0] = ((data[0] ?? 0n) + 1n) % 5n;
    else data[0] = (data[0] ?? 0) + 0.1;
    await checkContents(set, backend);
    expect(report.failed).toBeGreaterThan(0);
  });
});
