import { type JobKind } from '../../shared/jobs.ts';
import { benchmark } from './benchmark/benchmark.ts';
import { assess } from './evaluation/assess.ts';
import { collect } from './evaluation/collect.ts';
import { evaluate } from './evaluation/evaluate.ts';
import { bundleRun } from './library/bundleRun.ts';
import { exportFile } from './library/exportFile.ts';
import { importFiles } from './library/importFiles.ts';
import { setUpTool } from './library/setUpTool.ts';
import { verify } from './library/verify.ts';
import { type Outcome, type Session } from './session.ts';
import { estimate } from './training/estimate.ts';
import { label } from './training/label.ts';
import { train } from './training/train.ts';

type Runner = (session: Session) => Promise<Outcome>;

const runners: Record<JobKind, Runner> = {
  import: importFiles,
  collect,
  label,
  train,
  export: exportFile,
  bundle: bundleRun,
  evaluate,
  assess,
  estimate,
  benchmark,
  verify,
  setup: setUpTool,
};

export function runnerOf(kind: JobKind): Runner {
  return runners[kind];
}
