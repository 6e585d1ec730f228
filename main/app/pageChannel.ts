import { type WebContents } from 'electron';
import { type TextChannel } from '../host/transport/channel.ts';
import { pushToPage } from './ipc/mainSide.ts';

/** The texts between the host and one loading of the page; a reloaded page gets a channel of its own. */
export class PageChannel implements TextChannel {
  readonly #contents: WebContents;
  #onText: (text: string) => void = () => undefined;
  #onClose: (cause?: Error) => void = () => undefined;
  #open = true;

  constructor(contents: WebContents) {
    this.#contents = contents;
  }

  receive(text: string): void {
    if (this.#open) this.#onText(text);
  }

  send(text: string): void {
    if (this.#open) pushToPage(this.#contents, 'host.text', text);
  }

  onText(listener: (text: string) => void): void {
    this.#onText = listener;
  }

  onClose(listener: (cause?: Error) => void): void {
    this.#onClose = listener;
  }

  close(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#onClose();
    }
    return Promise.resolve();
  }
}
