// Messages of a server in their WebSocket frames (RFC 6455 §5.2: servers do not mask), written straight to the socket
// below `ws`. What goes to many peers is framed once, and one buffer is one system call a peer, where `ws` would write
// header and payload apart each time. Nothing is compressed, so `ws` keeps no queue that such a write could overtake.
import type { Duplex } from "node:stream";

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

/** Writes `payload` as one message. */
export function writeServerFrame(stream: Duplex, payload: Uint8Array): void {
  if (payload.length < COPY_BYTES_MAX) {
    stream.write(frameOf(payload));
    return;
  }
  stream.cork();
  stream.write(headerOf(payload.length, 0));
  stream.write(payload);
  stream.uncork();
}
