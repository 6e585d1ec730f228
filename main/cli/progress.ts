import type { HostEvent } from '../../shared/contract.ts';
import type { JobRecord } from '../../shared/records.ts';
import { formatCount, formatDuration, formatNumber, printable } from './format.ts';

/** One job's progress as one line of text. Keeps just enough of the past for a rate. */
export class ProgressText {
  #mark: { stage: string; done: number; at: number } | undefined;
  #losses = '';

  /** The newest losses, for runs. */
  hear(event: Extract<HostEvent, { type: 'metrics' }>): void {
    const losses = Object.entries(event.values).filter(([name]) => /^(?!weighted).*Loss$/.test(name));
    if (losses.length > 0)
      this.#losses = losses
        .map(([name, value]) => `${name.slice(0, -'Loss'.length)} ${formatNumber(value)}`)
        .join('  ');
  }

  /** `width` characters for the bar; 0 for none. */
  describe(job: JobRecord, width: number, now = Date.now()): string {
    const { progress } = job;
    const training =
      job.steps !== null && (progress === null || progress.done >= progress.total || (job.step ?? 0) > 0);
    const stage = training ? 'training' : (progress?.stage ?? job.state);
    const done = training ? (job.step ?? 0) : (progress?.done ?? 0);
    const total = training ? (job.steps ?? 0) : (progress?.total ?? 0);
    const unit = training ? 'steps' : (progress?.unit ?? '');
    const parts = [job.state === 'running' ? stage : job.state];
    // A stage that is over says so by the state alone: its last count may be old.
    if (total > 0 && (training || job.state === 'running' || job.state === 'stopping')) {
      const share = Math.min(1, done / total);
      if (width > 0) parts.push(bar(share, width));
      parts.push(`${Math.floor(share * 100)} %`, `${formatCount(done)}/${formatCount(total)} ${unit}`);
      parts.push(...this.#rate(stage, done, total, unit, now));
    }
    if (training && this.#losses !== '') parts.push(this.#losses);
    return parts.filter((part) => part !== '').join('  ');
  }

  #rate(stage: string, done: number, total: number, unit: string, now: number): string[] {
    if (this.#mark === undefined || this.#mark.stage !== stage || done < this.#mark.done)
      this.#mark = { stage, done, at: now };
    const seconds = (now - this.#mark.at) / 1000;
    const gained = done - this.#mark.done;
    if (seconds < 0.5 || gained <= 0) return [];
    const rate = gained / seconds;
    return [`${formatNumber(Number(rate.toPrecision(3)))} ${unit}/s`, `${formatDuration((total - done) / rate)} left`];
  }
}

function bar(share: number, width: number): string {
  const full = Math.round(share * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`;
}

export interface ProgressDisplay {
  show(line: string): void;
  /** A line that stays, such as a warning. */
  say(line: string): void;
  end(): void;
}

const secondsBetweenPlainLines = 5;

/** One line that is drawn over on a terminal; elsewhere a plain line now and then. */
export function createDisplay(stream: NodeJS.WriteStream = process.stderr): ProgressDisplay {
  if (stream.isTTY) {
    let drawn = false;
    const clear = (): void => {
      if (drawn) stream.write('\r\u001b[2K');
      drawn = false;
    };
    return {
      show: (line) => {
        clear();
        stream.write(printable(line).slice(0, Math.max(20, stream.columns - 1)));
        drawn = true;
      },
      say: (line) => {
        clear();
        stream.write(`${printable(line)}\n`);
      },
      end: clear,
    };
  }
  let last = { line: '', at: 0 };
  let pending = '';
  const write = (line: string): void => {
    if (line === last.line) return;
    last = { line, at: Date.now() };
    pending = '';
    stream.write(`${printable(line)}\n`);
  };
  return {
    show: (line) => {
      pending = line;
      const sameStage = line.split('  ')[0] === last.line.split('  ')[0];
      if (!sameStage || Date.now() - last.at > secondsBetweenPlainLines * 1000) write(line);
    },
    say: (line) => {
      stream.write(`${printable(line)}\n`);
    },
    end: () => {
      if (pending !== '') write(pending);
    },
  };
}
