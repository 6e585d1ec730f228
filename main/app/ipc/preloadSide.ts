import { ipcRenderer } from 'electron';
import type {
  Answer,
  CallInput,
  CallName,
  CallOutput,
  Message,
  MessageName,
  Push,
  PushName,
  WireName,
} from './channels.ts';

/** Runs in the preload: types alone are shared with the other side, which checks everything again. */
export async function call<Name extends CallName>(name: Name, input: CallInput<Name>): Promise<CallOutput<Name>> {
  const answer = (await ipcRenderer.invoke(`decant:${name}` satisfies WireName, input)) as Answer<CallOutput<Name>>;
  // The page gets an error's message and nothing else of it.
  if ('error' in answer) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  return answer.value;
}

export function say<Name extends MessageName>(name: Name, message: Message<Name>): void {
  ipcRenderer.send(`decant:${name}` satisfies WireName, message);
}

export function hear<Name extends PushName>(name: Name, listener: (message: Push<Name>) => void): () => void {
  // The event object stays here: it would hand the page Electron's own functions.
  const heard = (_event: unknown, message: Push<Name>): void => {
    listener(message);
  };
  ipcRenderer.on(`decant:${name}` satisfies WireName, heard);
  return () => {
    ipcRenderer.off(`decant:${name}` satisfies WireName, heard);
  };
}
