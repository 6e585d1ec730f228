import { ipcMain, type IpcMainEvent, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { DecantError, toErrorReport } from '../../../shared/errors.ts';
import { isPageAddress } from '../page.ts';
import {
  calls,
  messages,
  type Answer,
  type CallInput,
  type CallName,
  type CallOutput,
  type Message,
  type MessageName,
  type Push,
  type PushName,
  type WireName,
} from './channels.ts';

const trusted = new WeakSet<WebContents>();

/** Only windows that the application made itself are listened to. */
export function trustPage(contents: WebContents): void {
  trusted.add(contents);
}

/** Whether something was sent by the page itself: our window, its main frame, our origin at this moment. */
function comesFromPage({ sender, senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean {
  return trusted.has(sender) && senderFrame !== null && senderFrame.parent === null && isPageAddress(senderFrame.url);
}

/** Answers a call of the page; everyone else and everything malformed is refused. */
export function answerCall<Name extends CallName>(
  name: Name,
  answer: (input: CallInput<Name>, sender: WebContents) => Promise<CallOutput<Name>>,
): void {
  ipcMain.handle(
    `decant:${name}` satisfies WireName,
    async (event, input: unknown): Promise<Answer<CallOutput<Name>>> => {
      try {
        if (!comesFromPage(event)) throw new DecantError('UNAUTHORISED', `${name} was not asked by the page`);
        const checked = calls[name].input.safeParse(input);
        if (!checked.success) throw new DecantError('REQUEST_INVALID', `${name}: ${checked.error.message}`);
        return { value: await answer(checked.data as CallInput<Name>, event.sender) };
      } catch (thrown) {
        return { error: toErrorReport(thrown) };
      }
    },
  );
}

/** Hears what the page says; the rest is dropped and told to `onRefused`. */
export function onPageMessage<Name extends MessageName>(
  name: Name,
  listener: (message: Message<Name>, sender: WebContents) => void,
  onRefused: (reason: string) => void,
): void {
  ipcMain.on(`decant:${name}` satisfies WireName, (event, message: unknown) => {
    const checked = messages[name].safeParse(message);
    if (!comesFromPage(event)) onRefused(`${name} was not sent by the page`);
    else if (!checked.success) onRefused(`${name}: ${checked.error.message}`);
    else listener(checked.data as Message<Name>, event.sender);
  });
}

/** Says something to the page, unless its window is gone or shows something else. */
export function pushToPage<Name extends PushName>(contents: WebContents, name: Name, message: Push<Name>): void {
  if (contents.isDestroyed() || contents.isCrashed() || !isPageAddress(contents.getURL())) return;
  contents.send(`decant:${name}` satisfies WireName, message);
}
