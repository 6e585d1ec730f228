import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const claimSchema = z.object({ pid: z.int().positive() });

/** The process that works on a job, from the claim in the job's folder. */
export function enginePid(home: string, job: string): number {
  return claimSchema.parse(JSON.parse(readFileSync(join(home, 'jobs', job, 'engine.json'), 'utf8'))).pid;
}
