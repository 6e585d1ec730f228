import { DecantError } from '../../shared/errors.ts';
import { explainMisfit } from '../../shared/explain.ts';
import { jobConfigurationSchemas, type JobConfiguration, type JobKind } from '../../shared/jobs.ts';

/**
 * A configuration with every default filled in. Errors: TEACHER_MISSING; CONFIG_INVALID with all its issues, each by key path, what
 * was given and what is allowed.
 */
export function parseConfiguration<Kind extends JobKind>(kind: Kind, given: unknown): JobConfiguration<Kind> {
  const schema = jobConfigurationSchemas[kind];
  const checked = schema.safeParse(given);
  if (checked.success) return checked.data as JobConfiguration<Kind>;
  const issues = explainMisfit(schema, given);
  const [first] = checked.error.issues;
  if (checked.error.issues.length === 1 && first?.code === 'custom' && first.path[0] === 'teacher')
    throw new DecantError('TEACHER_MISSING', first.message);
  throw new DecantError('CONFIG_INVALID', issues.join('\n'));
}
