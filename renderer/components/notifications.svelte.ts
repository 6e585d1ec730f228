import { toErrorReport, type ErrorReport } from '../../shared/errors.ts';

export interface Notification {
  id: number;
  tone: 'info' | 'success' | 'error';
  text: string;
  /** Set for failures: its title and action are shown too. */
  error?: ErrorReport;
  link?: { href: string; text: string };
}

const shownFor = 8000;

/** Short notices at the edge of the window. Failures stay until they are dismissed. */
class Notifications {
  list: readonly Notification[] = $state.raw([]);
  #nextId = 1;

  say(text: string, { tone = 'info', link }: { tone?: 'info' | 'success'; link?: Notification['link'] } = {}): void {
    const id = this.#add({ tone, text, ...(link !== undefined && { link }) });
    setTimeout(() => {
      this.dismiss(id);
    }, shownFor);
  }

  /** Shows whatever was thrown, with its title, detail and action. */
  fail(thrown: unknown): void {
    this.report(toErrorReport(thrown));
  }

  report(error: ErrorReport): void {
    this.#add({ tone: 'error', text: error.detail, error });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notification) => notification.id !== id);
  }

  #add(notification: Omit<Notification, 'id'>): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.list = [...this.list.slice(-4), { id, ...notification }];
    return id;
  }
}

export const notifications = new Notifications();

/** Runs what a button asks for; a failure becomes a notice. */
export async function attempt(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (thrown) {
    notifications.fail(thrown);
    return false;
  }
}
