import { DecantError } from '../../shared/errors.ts';
import { taskByName, type TaskName } from '../../shared/tasks.ts';
import type { TaskDefinition } from './taskDefinition.ts';
import { cartpoleTasks } from './tasks/cartpole.ts';
import { pendulumTasks } from './tasks/pendulum.ts';

const definitions = new Map<string, TaskDefinition>(
  [...pendulumTasks, ...cartpoleTasks].map((definition) => [definition.name, definition]),
);

/** The tasks of MT30 that this version simulates. */
export function builtTasks(): TaskName[] {
  return [...definitions.values()].map((definition) => definition.name);
}

/**
 * The definition of a task.
 * @throws DecantError NOT_BUILT for a task of MT30 that this version lacks, CONFIG_INVALID for any other name.
 */
export function taskDefinition(name: string): TaskDefinition {
  const definition = definitions.get(name);
  if (definition !== undefined) return definition;
  if (taskByName(name) === undefined) throw new DecantError('CONFIG_INVALID', `"${name}" is no task of MT30`);
  throw new DecantError('NOT_BUILT', `the simulator has no ${name} yet; it has ${[...definitions.keys()].join(', ')}`);
}
