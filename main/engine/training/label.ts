import { Dataset } from '../../data/dataset.ts';
import { labelRows, missingRows } from '../../data/labelPlan.ts';
import { TeacherLabels } from '../../data/labels.ts';
import { startBackend } from '../compute/backend.ts';
import { describeMachine } from '../machine.ts';
import { type Outcome, type Session } from '../session.ts';
import { labelBatch, recordLabels } from './labelling.ts';
import { labellingNeed, memoryKindOf } from './memory.ts';
import { reachableMemory, requireMemory } from './memoryGuard.ts';
import { loadRewardPredictor } from './teacher.ts';

/** So many are made durable and counted together. */
const batchesToCount = 64;

/** Fills the teacher's reward column for every row of a dataset that lacks it. Errors: MEMORY_INSUFFICIENT, those of the dataset, DISK_FULL. */
export async function label(session: Session): Promise<Outcome> {
  const { backend: backendName } = session.configuration('label');
  const backend = await startBackend(backendName);
  using dataset = await Dataset.open(session.paths, session.dataset('dataset').manifest);
  const teacher = session.checkpoint('teacher');
  const work = { architecture: teacher.architecture, rows: labelBatch };
  const entries = dataset.episodes * dataset.episodeLength;
  requireMemory(labellingNeed(work, entries, memoryKindOf(backend)), backend.name, await reachableMemory());
  await session.started(0, describeMachine(backend));
  using labels = await TeacherLabels.open(session.paths, dataset, teacher.sha256);
  using predictor = await loadRewardPredictor(session.paths, teacher, backend);
  const before = labels.coverage();
  const { total } = before;
  let { done } = before;
  let batches = 0;
  let outcome: Outcome = 'finished';
  for (const rows of missingRows(labels, labelBatch)) {
    if (session.signal.aborted) {
      outcome = 'stopped';
      break;
    }
    await labelRows(labels, rows, (inputs) => predictor.predict(inputs), labelBatch);
    done += rows.count;
    if (++batches % batchesToCount === 0) {
      labels.flush();
      await recordLabels(session, labels);
    }
    await session.progress('labelling', done, total, 'rows');
    await session.breathe();
  }
  labels.flush();
  await recordLabels(session, labels);
  await session.acknowledge({ type: 'progress', stage: 'labelling', done, total, unit: 'rows' });
  return outcome;
}
