import { expect, it } from 'vitest';
import { errorCatalogue } from '../../shared/errors.ts';
import { toolNames } from '../../shared/jobs.ts';

it('names the tool in every command that takes one, so that it can be given as it is told', () => {
  const commands = Object.values(errorCatalogue).flatMap(
    ({ action }) => action.match(/--(setup|remove)\b[^`]*/g) ?? [],
  );
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) expect(toolNames).toContain(command.split(' ')[1]);
});
