// The platform of browsers (pages and workers): WebSocket, IndexedDB, crypto.getRandomValues, and a
// MessageChannel for the end of a turn, since timers are slowed down in background tabs and channels are not.
import { CrdtError } from "../errors.ts";
import type { Platform } from "./platform.ts";
import { CLOSE_NORMAL, CLOSE_UNSUPPORTED_DATA, type Transport, TransportInbox } from "./transport.ts";

/** One that throws must not take the others along: its error surfaces as an uncaught one. */
function runAlone(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Starts a task for the callbacks of a turn. */
function createTurnEnd(): (callback: () => void) => void {
  let channel: MessageChannel | undefined;
  let callbacks: (() => void)[] = [];
  const run = () => {
    const due = callbacks;
    callbacks = [];
    for (const callback of due) runAlone(callback);
  };
  return (callback) => {
    if (channel === undefined) {
      channel = new MessageChannel();
      channel.port1.onmessage = run;
    }
    callbacks.push(callback);
    if (callbacks.length === 1) channel.port2.postMessage(0);
  };
}

function createBrowserTransport(socket: WebSocket, peer: string): Transport {
  const inbox = new TransportInbox();
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    if (data instanceof ArrayBuffer) inbox.message(new Uint8Array(data));
    else socket.close(CLOSE_NORMAL, `${CLOSE_UNSUPPORTED_DATA}: binary messages only`);
  };
  socket.onclose = ({ code, reason }) => inbox.closed({ code, reason });
  return {
    peer,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(bytes) {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    onMessage: (listener) => inbox.onMessage(listener),
    onClose: (listener) => inbox.onClose(listener),
    close: (code = CLOSE_NORMAL, reason = "") => closeSocket(socket, code, reason),
    terminate: () => socket.close(),
  };
}

/** A page may only send 1000 or 3000–4999; any other code travels as part of the reason. */
function closeSocket(socket: WebSocket, code: number, reason: string): void {
  const isSendable = code === CLOSE_NORMAL || (code >= 3000 && code <= 4999);
  if (isSendable) socket.close(code, reason);
  else socket.close(CLOSE_NORMAL, `${code}: ${reason}`);
}

const connectionError = (url: string, cause: unknown) =>
  new CrdtError(
    "connection-failed",
    `Cannot connect to "${url}": check the address and that a relay listens there.`,
    { cause },
  );

function connect(url: string): Promise<Transport> {
  return new Promise((resolve, reject) => {
    try {
      const socket = new WebSocket(url);
      const transport = createBrowserTransport(socket, url);
      socket.onopen = () => resolve(transport);
      socket.onerror = (event) => reject(connectionError(url, event));
    } catch (error) {
      reject(connectionError(url, error));
    }
  });
}

export const platform: Platform = {
  name: "browser",
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  onTurnEnd: createTurnEnd(),
  onNetworkBack(listener) {
    globalThis.addEventListener("online", listener);
    return () => globalThis.removeEventListener("online", listener);
  },
  connect,
  async openStorage(location) {
    const { openBrowserStorage } = await import("./browser-storage.ts");
    return openBrowserStorage(location);
  },
};
