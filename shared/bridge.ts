/**
 * What the Electron preload puts on `window.decant`: the same texts as on the WebSocket, and the few things that only a desktop has.
 * Paths never cross it: files come in as grants that the host issued, and go out by the id of the export job that made them.
 */
export interface DecantBridge {
  /** Sends one text of shared/codec.ts: a client message of shared/contract.ts. */
  post(text: string): void;
  /** Hears every text of the host. Returns a function that ends the subscription. */
  onMessage(listener: (text: string) => void): () => void;
  readonly platform: {
    readonly kind: 'electron';
    /** process.platform. */
    readonly os: string;
  };
  /** Asks for files or a folder to import; undefined when the dialog was closed without an answer. */
  chooseImport(kind: 'files' | 'folder'): Promise<string | undefined>;
  /** Turns files that were dropped on the window into a grant. */
  grantFiles(files: readonly File[]): Promise<string>;
  /** Begins a native drag of finished export jobs' files; called inside `dragstart`. */
  startDrag(exportJobs: readonly string[]): void;
  /** Asks where to save a finished export job's file and copies it there; false when the dialog was closed. */
  saveExport(exportJob: string): Promise<boolean>;
}
