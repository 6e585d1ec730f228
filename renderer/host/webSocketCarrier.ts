import type { Carrier, CarrierListener } from './carrier.ts';

const firstPause = 500;
const longestPause = 5000;

/**
 * A WebSocket to the page's own origin, with the token that the page's address holds. When it ends it is opened again after a pause that
 * doubles up to five seconds.
 */
export function openWebSocketCarrier(address: URL, listener: CarrierListener): Carrier {
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = firstPause;
  let closed = false;

  function connect(): void {
    const opened = new WebSocket(address);
    socket = opened;
    opened.addEventListener('open', () => {
      pause = firstPause;
      listener.onOpen();
    });
    opened.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (typeof event.data === 'string') listener.onText(event.data);
    });
    opened.addEventListener('close', (event) => {
      socket = undefined;
      if (closed) return;
      listener.onGone(event.reason === '' ? 'Nothing answers at this address any more.' : event.reason);
      timer = setTimeout(connect, pause);
      pause = Math.min(longestPause, pause * 2);
    });
  }

  connect();
  return {
    send: (text) => {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(text);
      return true;
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      socket?.close(1000);
    },
  };
}
