import { DecantError, errorCatalogue, toErrorReport } from '../../shared/errors.ts';
import { printable } from './format.ts';

/** Where a command writes: results to stdout, everything else to stderr. With --json stdout has one JSON value and nothing else. */
export interface Output {
  readonly json: boolean;
  /** The result, as machines and as people want it. */
  result(machine: unknown, people: string): void;
  /** What happens meanwhile. */
  note(text: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    result: (machine, people) => {
      process.stdout.write(json ? `${JSON.stringify(machine, plain)}\n` : withLineBreak(printable(people)));
    },
    note: (text) => {
      process.stderr.write(withLineBreak(printable(text)));
    },
  };
}

function withLineBreak(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** Plain JSON for scripts in any language: typed arrays as lists, numbers that JSON lacks as null. */
function plain(_key: string, value: unknown): unknown {
  return value instanceof Float64Array ? Array.from(value) : value;
}

/** Says what failed: code, what happened, what to do. The stack only with DECANT_DEBUG. Returns the exit status. */
export function reportFailure(thrown: unknown, json: boolean): number {
  const { code, detail } = toErrorReport(thrown);
  const { title, action } = errorCatalogue[code];
  // INTERNAL's detail may hold a stack, which says nothing to whoever did not write the code.
  const said = process.env['DECANT_DEBUG'] === undefined ? detail.replace(/\n\s+at [^]*$/, '') : detail;
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, title, detail: said, action } })}\n`);
  process.stderr.write(`${code}: ${title}.\n${printable(said)}\n${action}\n`);
  if (process.env['DECANT_DEBUG'] !== undefined && thrown instanceof Error)
    process.stderr.write(`${printable(thrown.stack ?? '')}\n`);
  return thrown instanceof DecantError && thrown.code === 'USAGE' ? 2 : 1;
}
