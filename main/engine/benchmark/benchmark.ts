import { architectureOfSize } from '../../../shared/architecture.ts';
import { operationsOf } from '../../../shared/operations.ts';
import { startBackend } from '../compute/backend.ts';
import { type Backend } from '../compute/program.ts';
import { describeMachine, threadsOf } from '../machine.ts';
import { type Outcome, type Session } from '../session.ts';
import { reachableMemory } from '../training/memoryGuard.ts';
import { markProcessor, otherCores } from './others.ts';
import { memoryOfPiece, pieces, preparePiece, type Piece } from './pieces.ts';
import { timeSteps, type Timing } from './timing.ts';

/** More steps than these say nothing more. */
const mostSteps = 200;
/** A piece costs its first step, which also compiles, and at least one that counts. */
const leastSteps = 3;

/**
 * Measures one backend on random weights and data until the time is up: each piece of work gets an equal part of what is left, and
 * one that would not fit is left out. Every figure is acknowledged as it is found, so that a stop loses nothing.
 * Errors: BACKEND_UNAVAILABLE.
 */
export async function benchmark(session: Session): Promise<Outcome> {
  const { backend: name, seconds, automatic } = session.configuration('benchmark');
  const backend = await startBackend(name);
  const { device } = describeMachine(backend);
  await session.started(0, { backend: backend.name, device });
  const clock = new Budget(seconds * 1000);
  let perOperation = 0;
  for (const [index, piece] of pieces.entries()) {
    const operations = operationsOf(piece.work, architectureOfSize(piece.size), piece.batchSize);
    if (
      !clock.holds(leastSteps * perOperation * operations) ||
      memoryOfPiece(piece, backend) > (await reachableMemory())
    )
      continue;
    const before = markProcessor();
    const timing = await timePiece(session, piece, backend, clock, clock.left / (pieces.length - index));
    if (session.signal.aborted) return 'stopped';
    if (timing === undefined) break;
    perOperation = timing.milliseconds / operations;
    // By the name that is chosen by: runs of that backend go by it.
    const chosen = name === 'auto' ? backend.name : name;
    const figure = { ...piece, ...timing, at: new Date().toISOString(), backend: chosen, automatic, device };
    const others = otherCores(before, markProcessor());
    await session.acknowledge({
      type: 'figure',
      figure: { ...figure, threads: threadsOf(backend), otherCores: others },
    });
  }
  await session.progress('measuring', seconds, seconds, 's');
  return 'finished';
}

async function timePiece(
  session: Session,
  piece: Piece,
  backend: Backend,
  clock: Budget,
  milliseconds: number,
): Promise<Timing | undefined> {
  const goOn = async (): Promise<boolean> => {
    await session.progress('measuring', Math.round(clock.spent / 100) / 10, clock.total / 1000, 's');
    await session.breathe();
    return !session.signal.aborted;
  };
  if (!(await goOn())) return undefined;
  const until = performance.now() + milliseconds;
  const prepared = preparePiece(piece, backend);
  try {
    // Preparing and the first step come out of the piece's own part.
    return await timeSteps(prepared.step, { until, most: mostSteps, goOn });
  } finally {
    prepared.dispose();
  }
}

/** The time that a benchmark may take. */
class Budget {
  readonly total: number;
  readonly #begun = performance.now();

  constructor(total: number) {
    this.total = total;
  }

  /** Milliseconds since the beginning, no more than there are. */
  get spent(): number {
    return Math.min(this.total, performance.now() - this.#begun);
  }

  get left(): number {
    return this.total - this.spent;
  }

  holds(milliseconds: number): boolean {
    return this.left > milliseconds;
  }
}
