import type { DecantBridge } from '../../shared/bridge.ts';

declare global {
  interface Window {
    /** Set by the Electron preload, absent in a browser. */
    readonly decant?: DecantBridge;
  }
}

/** The preload's bridge, or undefined in a browser. */
export function bridge(): DecantBridge | undefined {
  return window.decant;
}

/** Where `serve` answers a page that it served, with the token that the page's address holds. */
export function hostAddress(path: `/${string}`): URL {
  const address = new URL(location.href);
  address.pathname = path;
  address.hash = '';
  return address;
}
