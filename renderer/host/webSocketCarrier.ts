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
      void explain(event.reason).then((reason) => {
        if (!closed && socket?.readyState !== WebSocket.OPEN) listener.onGone(reason);
      });
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

/** Why there is no connection. A browser does not say how a WebSocket was refused, but a page of the same host tells. */
async function explain(given: string): Promise<string> {
  try {
    const { status } = await fetch(location.href, { cache: 'no-store' });
    if (status === 401)
      return 'It was started again and does not know this address any more: open the one that it printed.';
  } catch {
    // Nothing answers.
  }
  return `${given === '' ? 'Nothing answers at this address.' : `It said: ${given}.`} Start it again: this window connects by itself.`;
}
