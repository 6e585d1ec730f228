import { exportCheckpoint } from '../../data/checkpoints/exportCheckpoint.ts';
import { type Outcome, type Session } from '../session.ts';

/** Writes a checkpoint's model in a format that others read, with the measured error of its precision. */
export async function exportFile(session: Session): Promise<Outcome> {
  const { format, precision, folder } = session.configuration('export');
  await session.started(0);
  const input = session.checkpoint('checkpoint');
  const report = await exportCheckpoint(session.paths, input, {
    format,
    precision,
    folder: folder ?? session.folder.folder,
    name: input.name,
    id: input.id,
  });
  await session.acknowledge({ type: 'result', result: { kind: 'export', report } });
  return 'finished';
}
