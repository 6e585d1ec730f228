import { fileURLToPath } from 'node:url';
import { Menu, nativeImage, Notification, powerSaveBlocker, Tray, type BrowserWindow } from 'electron';
import { applicationFile } from '../../shared/place.ts';
import type { JobRecord } from '../../shared/records.ts';
import { describeEnd, describeJob, percent, type Activity } from './activity.ts';

export interface DeskActions {
  open: (route?: string) => void;
  quit: () => void;
}

const icon = (name: string): string => fileURLToPath(applicationFile(`resources/icons/${name}`));

/** What the desktop shows of running jobs outside the window: tray, task bar, wakefulness, notifications. */
export class Desk {
  readonly #activity: Activity;
  readonly #actions: DeskActions;
  readonly #tray: Tray;
  #blocker: number | undefined;
  #shown = '';
  #timer: NodeJS.Timeout | undefined;
  /** Kept until it is gone: one that is collected no longer answers a click. */
  readonly #notifications = new Set<Notification>();

  constructor(activity: Activity, actions: DeskActions) {
    this.#activity = activity;
    this.#actions = actions;
    this.#tray = new Tray(nativeImage.createFromPath(icon('tray.png')));
    this.#tray.on('click', () => actions.open());
    this.show(undefined);
  }

  /** Shows the state of things, at most twice a second; jobs tell more often than anyone can read. */
  show(window: BrowserWindow | undefined): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#showNow(window?.isDestroyed() === false ? window : undefined);
    }, 500);
    this.#stayAwake();
  }

  #showNow(window: BrowserWindow | undefined): void {
    const { running, queued, fraction } = this.#activity;
    window?.setProgressBar(fraction ?? (running.length > 0 ? 2 : -1));
    const lines = running.map(describeJob);
    if (queued > 0) lines.push(`${queued} waiting`);
    const shown = lines.join('\n');
    if (shown === this.#shown) return;
    this.#shown = shown;
    const how = fraction === undefined ? '' : `, ${percent(fraction)}`;
    this.#tray.setToolTip(running.length === 0 ? 'Decant' : `Decant: ${running.length} running${how}`);
    this.#tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: 'Open Decant', click: () => this.#actions.open() },
        { type: 'separator' },
        ...running.map((job) => ({ label: describeJob(job), click: () => this.#actions.open(routeOf(job)) })),
        ...(queued > 0 ? [{ label: `${queued} waiting`, enabled: false }] : []),
        ...(shown === '' ? [{ label: 'Nothing runs', enabled: false }] : []),
        { type: 'separator' },
        { label: 'Quit Decant', click: () => this.#actions.quit() },
      ]),
    );
  }

  /** Tells that a job ended, where nobody looks at the window. */
  tell(job: JobRecord, window: BrowserWindow | undefined): void {
    if (window?.isFocused() === true) return;
    const { title, body } = describeEnd(job);
    this.#notify(title, body, routeOf(job));
  }

  /** Tells that closing the window stopped nothing. */
  tellHidden(): void {
    const { length } = this.#activity.running;
    this.#notify(
      'Decant goes on',
      `${length === 1 ? 'One job runs' : `${length} jobs run`}; start Decant to see more.`,
    );
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#tray.destroy();
    if (this.#blocker !== undefined) powerSaveBlocker.stop(this.#blocker);
    this.#blocker = undefined;
  }

  #stayAwake(): void {
    const wanted = this.#activity.running.length > 0;
    if (wanted && this.#blocker === undefined) this.#blocker = powerSaveBlocker.start('prevent-app-suspension');
    else if (!wanted && this.#blocker !== undefined) {
      powerSaveBlocker.stop(this.#blocker);
      this.#blocker = undefined;
    }
  }

  #notify(title: string, body: string, route?: string): void {
    if (!Notification.isSupported()) return;
    const notification = new Notification({ title, body, icon: icon('decant.png') });
    this.#notifications.add(notification);
    notification.on('click', () => this.#actions.open(route));
    notification.on('close', () => this.#notifications.delete(notification));
    notification.show();
  }
}

function routeOf({ kind, id }: JobRecord): string {
  return kind === 'train' ? `/runs/${id}` : '/runs';
}
