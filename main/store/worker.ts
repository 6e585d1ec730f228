import { parentPort, workerData } from 'node:worker_threads';
import { toErrorReport } from '../../shared/errors.ts';
import type { Connection } from './connection.ts';
import { requestSchema, workerDataSchema, type WorkerReply } from './messages.ts';
import { openDatabase } from './open.ts';
import { operations, type OperationName } from './operations.ts';

/** The thread that owns the database: requests are answered one after the other, in order. */

const port = parentPort;
if (port === null) throw new Error('the store worker was started as a program');
const reply = (message: WorkerReply): void => {
  port.postMessage(message);
};

function open(): Connection | undefined {
  try {
    const options = workerDataSchema.parse(workerData);
    return openDatabase({
      ...options,
      onSlowQuery: (query) => {
        reply({ type: 'slow', ...query });
      },
    });
  } catch (thrown) {
    reply({ type: 'refused', error: toErrorReport(thrown) });
    return undefined;
  }
}

function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operations, name);
}

/** The types of the arguments were checked where `Store` calls: both sides are one program. */
type AnyOperation = (connection: Connection, ...values: unknown[]) => unknown;

const connection = open();
if (connection === undefined) port.close();
else {
  port.on('message', (message: unknown) => {
    if (message === 'close') {
      connection.close();
      reply({ type: 'closed' });
      port.close();
      return;
    }
    const { id, operation, values } = requestSchema.parse(message);
    try {
      if (!isOperation(operation)) throw new Error(`the store has no operation ${operation}`);
      const value = (operations[operation] as AnyOperation)(connection, ...values);
      reply({ type: 'done', id, value });
    } catch (thrown) {
      reply({ type: 'failed', id, error: toErrorReport(thrown) });
    }
  });
  reply({ type: 'opened' });
}
