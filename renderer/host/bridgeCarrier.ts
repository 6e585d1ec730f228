import type { DecantBridge } from '../../shared/bridge.ts';
import type { Carrier, CarrierListener } from './carrier.ts';

/** The preload's bridge: the host lives in the same application, so the connection is there as long as the window is. */
export function openBridgeCarrier(bridge: DecantBridge, listener: CarrierListener): Carrier {
  const unsubscribe = bridge.onMessage((text) => {
    listener.onText(text);
  });
  queueMicrotask(() => {
    listener.onOpen();
  });
  return {
    send: (text) => {
      bridge.post(text);
      return true;
    },
    close: unsubscribe,
  };
}
