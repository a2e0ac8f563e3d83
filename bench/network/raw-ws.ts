// The floor: a server of `ws` that sends each message to everybody else as it comes, keeping nothing.
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { CountingReader, openSocket, tailOf } from "./reading.ts";
import type { Client, System } from "./system.ts";

const UPDATE_BYTES = 40;

export const rawWs: System = {
  name: "raw ws",
  async serve(port) {
    const server = createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    sockets.on("connection", (socket) => {
      socket.on("message", (bytes) => {
        for (const other of sockets.clients) {
          if (other !== socket && other.readyState === WebSocket.OPEN) other.send(bytes, { binary: true });
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return { server, document: "fan-out" };
  },
  async join(url) {
    return new RawClient(await openSocket(url), url);
  },
  async read(url) {
    const socket = await openSocket(url);
    const reader = new CountingReader();
    socket.on("message", (bytes: Buffer) => {
      reader.updates += 1;
      reader.sum = (reader.sum + tailOf(bytes, bytes.length)) | 0;
    });
    return reader;
  },
};

class RawClient implements Client {
  readonly #url: string;
  #socket: WebSocket;
  #size = 0;
  #listener: () => void = () => {};

  constructor(socket: WebSocket, url: string) {
    this.#url = url;
    this.#socket = socket;
    this.#listen();
  }

  get size(): number {
    return this.#size;
  }

  write(key: string, value: string): void {
    this.#size += 1;
    const bytes = Buffer.alloc(Math.max(UPDATE_BYTES, value.length + key.length));
    bytes.write(value + key, bytes.length - value.length - key.length, "latin1");
    this.#socket.send(bytes);
  }

  fill(entries: readonly (readonly [string, string])[]): void {
    for (const [key, value] of entries) this.write(key, value);
  }

  get(): undefined {}

  onRemote(listener: () => void): void {
    this.#listener = listener;
  }

  async synced(): Promise<void> {}

  async disconnect(): Promise<void> {
    this.#socket.close();
  }

  async reconnect(): Promise<void> {
    this.#socket = await openSocket(this.#url);
    this.#listen();
  }

  #listen(): void {
    this.#socket.on("message", () => {
      this.#size += 1;
      this.#listener();
    });
  }
}
