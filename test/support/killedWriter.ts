/**
 * A process that writes and is killed at a chosen point: DECANT_FAULT is "operation:count", the operation at whose count-th occurrence
 * it kills itself; the arguments are "write" or "append" and a path. It appends one line after another and says what was acknowledged.
 */
import { DurableAppender } from '../../main/files/appending.ts';
import { writeFileDurably } from '../../main/files/durable.ts';
import { setFaultHook } from '../../main/files/faults.ts';

const [operation, count] = (process.env['DECANT_FAULT'] ?? 'none:0').split(':');
const [, , action, path = ''] = process.argv;
let remaining = Number(count);

setFaultHook((point) => {
  if (point.operation !== operation) return undefined;
  remaining -= 1;
  if (remaining < 0) process.kill(process.pid, 'SIGKILL');
  return undefined;
});

const encoder = new TextEncoder();
if (action === 'write') await writeFileDurably(path, [encoder.encode('new '), encoder.encode('content')]);
else {
  const appender = await DurableAppender.open(path);
  for (let line = 0; line < 5; line++) {
    await appender.append(encoder.encode(`line ${line}\n`));
    process.stdout.write(`${appender.length}\n`);
  }
}
