// A socket of `ws` that only counts: what every light reader is made of.
import { WebSocket } from "ws";
import type { Reader } from "./system.ts";

export class CountingReader implements Reader {
  updates = 0;
  sum = 0;
}

export function openSocket(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 2 ** 28 });
    socket.binaryType = "nodebuffer";
    socket.once("error", reject);
    socket.once("open", () => resolve(socket));
  });
}

/** The last four bytes of an update: enough to tell readers apart that were given different ones. */
export function tailOf(bytes: Uint8Array, end: number): number {
  return bytes[end - 1]! | (bytes[end - 2]! << 8) | (bytes[end - 3]! << 16) | (bytes[end - 4]! << 24);
}

/** Resolves at the first message that `isFirst` takes for the beginning. */
export function firstMessage(socket: WebSocket, isFirst: (bytes: Buffer) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const listener = (bytes: Buffer) => {
      if (!isFirst(bytes)) return;
      socket.off("message", listener);
      resolve();
    };
    socket.on("message", listener);
  });
}
