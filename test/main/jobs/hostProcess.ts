/** A host without transports, to be killed: opens the library, begins or resumes one job and stays. */
import { z } from 'zod';
import { jobKinds } from '../../../shared/jobs.ts';
import { forkLauncher } from '../../../main/jobs/launcher.ts';
import { JobService } from '../../../main/jobs/service.ts';
import { Store } from '../../../main/store/store.ts';

const [, , home = '', entry = '', task = ''] = process.argv;
const { kind, configuration, resume } = z
  .object({ kind: z.enum(jobKinds), configuration: z.unknown(), resume: z.string() })
  .parse(JSON.parse(task));
const store = await Store.open(home);
const service = await JobService.open({ home, store, launcher: forkLauncher(entry), codeVersion: 'kills' });
if (resume !== '') await service.resume(resume);
process.send?.({ job: resume === '' ? await service.enqueue(kind, configuration) : resume });
setInterval(() => undefined, 1000);
