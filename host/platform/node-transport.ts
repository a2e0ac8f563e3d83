// A transport over a socket of `ws`, at either end. What a server sends many peers is put into its WebSocket frame
// (RFC 6455 §5.2: servers do not mask) once and written straight to the sockets below: one buffer and one system call a
// peer, where `ws` would write header and payload apart each time. Nothing is compressed, so `ws` itself keeps no queue
// that such a write could overtake.
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { CLOSE_NORMAL, CLOSE_UNSUPPORTED_DATA, type Transport, TransportInbox } from "./transport.ts";

const SEND_OPTIONS = { binary: true, compress: false } as const;

/** A peer that does not answer a goodbye must not keep the process alive for the half minute `ws` would wait. */
const CLOSE_WITHIN_MS = 5_000;

/** Payloads from here on are not copied behind their header. */
const COPY_BYTES_MAX = 65536;
const FINAL_BINARY = 0x82;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** The payload framed last, and its frame: a room gives the same bytes to one peer after another. */
let framedPayload: Uint8Array | undefined;
let frame: Buffer = Buffer.alloc(0);

function headerOf(length: number, payloadRoom: number): Buffer {
  const headerBytes = length < LENGTH_16 ? 2 : length < 65536 ? 4 : 10;
  const buffer = Buffer.allocUnsafe(headerBytes + payloadRoom);
  buffer[0] = FINAL_BINARY;
  if (headerBytes === 2) buffer[1] = length;
  else if (headerBytes === 4) {
    buffer[1] = LENGTH_16;
    buffer.writeUInt16BE(length, 2);
  } else {
    buffer[1] = LENGTH_64;
    buffer.writeUInt32BE(0, 2);
    buffer.writeUInt32BE(length, 6);
  }
  return buffer;
}

function frameOf(payload: Uint8Array): Buffer {
  if (payload === framedPayload) return frame;
  frame = headerOf(payload.length, payload.length);
  frame.set(payload, frame.length - payload.length);
  framedPayload = payload;
  return frame;
}

function writeFrame(stream: Duplex, payload: Uint8Array): void {
  if (payload.length < COPY_BYTES_MAX) {
    stream.write(frameOf(payload));
    return;
  }
  stream.cork();
  stream.write(headerOf(payload.length, 0));
  stream.write(payload);
  stream.uncork();
}

/**
 * Wraps a socket that is open or opening; its errors end as a close. A server gives `stream`, what the socket runs
 * over, and is written to directly.
 */
export function createNodeTransport(socket: WebSocket, peer: string, stream?: Duplex): Transport {
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
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(bytes) {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (stream === undefined) socket.send(bytes, SEND_OPTIONS);
      else writeFrame(stream, bytes);
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
  };
}
