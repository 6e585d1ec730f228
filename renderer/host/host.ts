import { openBridgeCarrier } from './bridgeCarrier.ts';
import { RendererClient } from './client.ts';
import { Library } from './library.svelte.ts';
import { bridge } from './platform.ts';
import { socketAddress } from './socketAddress.ts';
import { openWebSocketCarrier } from './webSocketCarrier.ts';

/** The one connection of this window. */
export const client = new RendererClient((listener) => {
  const desktop = bridge();
  return desktop === undefined
    ? openWebSocketCarrier(socketAddress(location.href), listener)
    : openBridgeCarrier(desktop, listener);
});

/** What the library holds, live. */
export const library = new Library(client);
