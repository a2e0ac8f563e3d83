// A transport over a socket of `ws`, at either end.
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { writeServerFrame } from "./server-frame.ts";
import {
  CLOSE_NORMAL,
  CLOSE_UNSUPPORTED_DATA,
  type PeerCertificate,
  type Transport,
  TransportInbox,
} from "./transport.ts";

const SEND_OPTIONS = { binary: true, compress: false } as const;

/** A peer that does not answer a goodbye must not keep the process alive for the half minute `ws` would wait. */
const CLOSE_WITHIN_MS = 5_000;

/**
 * Wraps a socket that is open or opening; its errors end as a close. A server gives `stream`, what the socket runs
 * over, and writes to it directly.
 */
export function createNodeTransport(
  socket: WebSocket,
  peer: string,
  certificate?: PeerCertificate,
  stream?: Duplex,
): Transport {
  const inbox = new TransportInbox();
  let failure = "";
  socket.binaryType = "nodebuffer";
  socket.on("message", (data, isBinary) => {
    if (isBinary && data instanceof Uint8Array) {
      // A plain view: the slice() of a Buffer would share memory where that of a Uint8Array copies.
      inbox.message(new Uint8Array(data.buffer, data.byteOffset, data.length));
    } else socket.close(CLOSE_UNSUPPORTED_DATA, "binary messages only");
  });
  socket.on("error", (error) => {
    failure = error.message;
  });
  socket.on("close", (code, reason) => inbox.closed({ code, reason: reason.toString() || failure }));
  return {
    peer,
    certificate,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(bytes) {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (stream === undefined) socket.send(bytes, SEND_OPTIONS);
      else writeServerFrame(stream, bytes);
    },
    onMessage: (listener) => inbox.onMessage(listener),
    onClose: (listener) => inbox.onClose(listener),
    close(code = CLOSE_NORMAL, reason = "") {
      socket.close(code, reason);
      const timer = setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS);
      timer.unref();
      socket.once("close", () => clearTimeout(timer));
    },
    terminate: () => socket.terminate(),
    // What the socket had read already is held by the inbox: a chunk may hold thousands of small messages.
    pauseReading() {
      inbox.pause();
      socket.pause();
    },
    resumeReading() {
      inbox.resume();
      if (!inbox.isPaused) socket.resume();
    },
  };
}
