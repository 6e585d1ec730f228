/** Texts to and from the host, whatever carries them. */
export interface Carrier {
  /** Sends one text; false when there is no connection now. */
  send(text: string): boolean;
  close(): void;
}

export interface CarrierListener {
  onText(text: string): void;
  /** Connected, for the first time or again. */
  onOpen(): void;
  /** The connection ended or could not be made; `reason` is a sentence for people. The carrier goes on trying by itself. */
  onGone(reason: string): void;
}
