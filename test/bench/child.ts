import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Answer, answerSchema, type Job, type Ready, type Run } from './protocol.ts';

export interface Program {
  command: string;
  args: string[];
}

/** A process that ended before it answered; what it printed says why. */
export class ChildEnded extends Error {}

/** A process that measures itself; see protocol.ts. What it prints besides answers goes to our standard error. */
export class Child {
  readonly #label: string;
  readonly #process: ChildProcess;
  readonly #answers: Answer[] = [];
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  constructor(label: string, { command, args }: Program, job: Job) {
    this.#label = label;
    const threads = String(job.threads);
    // The numeric libraries of either side read these before any call could tell them.
    const limits = ['OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS'];
    const env = { ...process.env, ...Object.fromEntries(limits.map((name) => [name, threads])) };
    this.#process = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.on('error', (error) => this.#end(error));
    this.#process.on('exit', (code, signal) =>
      this.#end(new ChildEnded(`${label} ended (${signal ?? code ?? 'unknown'})`)),
    );
    // Its end is reported by `exit`; a line that could not be written is part of that.
    this.#process.stdin?.on('error', () => undefined);
    if (this.#process.stdout !== null)
      createInterface({ input: this.#process.stdout }).on('line', (line) => this.#receive(line));
    this.#send(job);
  }

  async ready(): Promise<Ready> {
    const answer = await this.#next();
    if ('ready' in answer) return answer.ready;
    throw new Error(`${this.#label} answered out of turn`);
  }

  async run(steps: number): Promise<Run> {
    this.#send({ steps });
    const answer = await this.#next();
    if ('run' in answer) return answer.run;
    throw new Error(`${this.#label} answered out of turn`);
  }

  /** Ends the process, whatever it does. */
  stop(): void {
    this.#ended ??= new ChildEnded(`${this.#label} was stopped`);
    this.#process.kill('SIGKILL');
  }

  #send(message: unknown): void {
    this.#process.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  #next(): Promise<Answer> {
    const early = this.#answers.shift();
    if (early !== undefined) return Promise.resolve(early);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  #receive(line: string): void {
    const answer = parsed(line);
    if (answer === undefined) process.stderr.write(`${this.#label}: ${line}\n`);
    else if (this.#waiting === undefined) this.#answers.push(answer);
    else {
      this.#waiting.resolve(answer);
      this.#waiting = undefined;
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#waiting?.reject(this.#ended);
  }
}

/** Undefined for a line that some library printed. */
function parsed(line: string): Answer | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return answerSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
