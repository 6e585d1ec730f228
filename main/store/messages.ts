import { z } from 'zod';
import { errorReportSchema } from '../../shared/values.ts';

/** What the worker is started with. */
export const workerDataSchema = z.object({ file: z.string(), backups: z.string() });
export type WorkerData = z.infer<typeof workerDataSchema>;

/** Store → worker. */
export const requestSchema = z.object({ id: z.int(), operation: z.string(), values: z.array(z.unknown()) });
export type WorkerRequest = z.infer<typeof requestSchema>;

/** Worker → store. */
export const replySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('opened') }),
  z.object({ type: z.literal('refused'), error: errorReportSchema }),
  z.object({ type: z.literal('done'), id: z.int(), value: z.unknown() }),
  z.object({ type: z.literal('failed'), id: z.int(), error: errorReportSchema }),
  z.object({ type: z.literal('slow'), sql: z.string(), milliseconds: z.number() }),
  z.object({ type: z.literal('closed') }),
]);
export type WorkerReply = z.infer<typeof replySchema>;
