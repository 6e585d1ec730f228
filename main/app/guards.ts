import { app, shell, type Session, type WebContents } from 'electron';
import { mayOpenOutside } from './links.ts';
import { isPageAddress } from './page.ts';

/** What the page itself may use; a made file is saved through the ordinary dialog. */
const allowedPermissions = new Set(['clipboard-sanitized-write']);
const localSchemes = new Set(['decant:', 'blob:', 'data:', 'devtools:']);

/** Whatever appears in this application follows these rules, whoever made it. */
export function guardEverything(log: (message: string) => void): void {
  app.on('web-contents-created', (_event, contents) => {
    guardContents(contents, log);
  });
}

function guardContents(contents: WebContents, log: (message: string) => void): void {
  const refuse = (event: { preventDefault(): void }, address: string): void => {
    if (isPageAddress(address)) return;
    event.preventDefault();
    log(`refused to go to ${address.slice(0, 200)}`);
  };
  contents.on('will-navigate', (event) => {
    refuse(event, event.url);
  });
  contents.on('will-frame-navigate', (event) => {
    refuse(event, event.url);
  });
  contents.on('will-redirect', (event) => {
    refuse(event, event.url);
  });
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
  });
  contents.setWindowOpenHandler(({ url }) => {
    if (mayOpenOutside(url)) shell.openExternal(url).catch((thrown: unknown) => log(String(thrown)));
    else log(`refused to open ${url.slice(0, 200)}`);
    return { action: 'deny' };
  });
}

/** No permission but one, no request that leaves the machine, no download but of what the page made. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    answer(allowedPermissions.has(permission));
  });
  session.setPermissionCheckHandler((_contents, permission) => allowedPermissions.has(permission));
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !URL.canParse(details.url) || !localSchemes.has(new URL(details.url).protocol) });
  });
  session.on('will-download', (event, item) => {
    if (!/^(blob:decant:|data:)/.test(item.getURL())) event.preventDefault();
  });
}
