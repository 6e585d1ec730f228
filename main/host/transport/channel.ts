/** Whole texts in both directions, whatever carries them. Both transports with a wire implement it. */
export interface TextChannel {
  /** Sends one text; does nothing once closed. */
  send(text: string): void;
  /** Set once, before the first text can arrive. */
  onText(listener: (text: string) => void): void;
  /** Called once, with what ended the channel if it was a failure. */
  onClose(listener: (cause?: Error) => void): void;
  close(): Promise<void>;
}

/** One message, either way: larger ones end the connection. A chart of a million points is 32 MB in base64 times four columns. */
export const largestMessage = 256 * 1024 * 1024;

/** What a client may send: it has nothing larger than a configuration to say. */
export const largestClientMessage = 4 * 1024 * 1024;

/** A client that does not read for so long that this much waits for it is cut off. */
export const largestBacklog = 512 * 1024 * 1024;
