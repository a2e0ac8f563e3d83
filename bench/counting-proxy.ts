// A TCP proxy on loopback that counts what passes in each direction: bytes as they are on the wire, WebSocket framing
// included, TCP and IP headers not.
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CountingProxy {
  readonly port: number;
  /** Bytes from clients to the server since the last reset. */
  readonly upBytes: number;
  /** Bytes from the server to clients since the last reset. */
  readonly downBytes: number;
  reset(): void;
  close(): void;
}

export async function countingProxy(targetPort: number): Promise<CountingProxy> {
  const counts = { up: 0, down: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
    client.on("data", (chunk: Buffer) => {
      counts.up += chunk.length;
    });
    upstream.on("data", (chunk: Buffer) => {
      counts.down += chunk.length;
    });
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get upBytes() {
      return counts.up;
    },
    get downBytes() {
      return counts.down;
    },
    reset() {
      counts.up = 0;
      counts.down = 0;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
