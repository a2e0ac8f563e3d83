// The platform of Node: sockets in order both ways, binary only, and errors that carry codes; the memory pair alike.

import { afterEach, expect, test } from "vitest";
import { platform } from "#platform";
import { CrdtError } from "../../host/errors.ts";
import { MESSAGE_BYTES_MAX } from "../../host/limits.ts";
import { type Listener, listen } from "../../host/platform/listen.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { storageError } from "../../host/platform/storage-errors.ts";
import type { Transport, TransportClose } from "../../host/platform/transport.ts";

let listener: Listener | undefined;
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

async function socketPair(): Promise<readonly [Transport, Transport]> {
  const accepted = new Promise<Transport>((resolve) => {
    void listen({ port: 0, onTransport: resolve }).then((it) => {
      listener = it;
      void platform.connect(it.url).then((client) => clients.push(client));
    });
  });
  const clients: Transport[] = [];
  const server = await accepted;
  while (clients.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  return [clients[0]!, server];
}

const pairs = [
  ["websocket", socketPair],
  ["memory", async () => createMemoryTransports()],
] as const;

for (const [name, makePair] of pairs) {
  test(`${name}: 1,000 messages arrive as 1,000, in order, also those sent before anybody listens`, async () => {
    const [client, server] = await makePair();
    for (let index = 0; index < 1000; index++) client.send(new Uint8Array([index & 255, index >> 8]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const received: number[] = [];
    server.onMessage((bytes) => {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
      received.push(bytes[0]! | (bytes[1]! << 8));
    });
    while (received.length < 1000) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(received).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });

  test(`${name}: the close is told to both ends once, with what was sent before it`, async () => {
    const [client, server] = await makePair();
    const closes: TransportClose[] = [];
    let bytesReceived = 0;
    server.onMessage((bytes) => {
      bytesReceived += bytes.length;
    });
    const both = Promise.all(
      [client, server].map(
        (end) =>
          new Promise<void>((resolve) =>
            end.onClose((close) => {
              closes.push(close);
              resolve();
            }),
          ),
      ),
    );
    client.send(new Uint8Array(70_000));
    client.close(1000, "done");
    client.close(1000, "again");
    await both;
    expect(bytesReceived).toBe(70_000);
    expect(closes).toEqual([
      { code: 1000, reason: "done" },
      { code: 1000, reason: "done" },
    ]);
    client.send(new Uint8Array(1));
  });

  test(`${name}: a terminated end is lost to both`, async () => {
    const [client, server] = await makePair();
    const lost = new Promise<TransportClose>((resolve) => server.onClose(resolve));
    client.terminate();
    expect((await lost).code).toBe(1006);
  });
}

test("nobody listening is connection-failed", async () => {
  await expect(platform.connect("ws://127.0.0.1:1")).rejects.toMatchObject({ code: "connection-failed" });
  await expect(platform.connect("not a url")).rejects.toMatchObject({ code: "connection-failed" });
});

test("a taken port is connection-failed and says EADDRINUSE", async () => {
  listener = await listen({ port: 0, onTransport: () => {} });
  await expect(listen({ port: listener.port, onTransport: () => {} })).rejects.toMatchObject({
    code: "connection-failed",
    cause: { code: "EADDRINUSE" },
  });
});

test("a page of another site may not connect", async () => {
  listener = await listen({ port: 0, onTransport: () => {} });
  const { WebSocket } = await import("ws");
  const outcome = (origin: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(listener!.url, { origin });
      socket.on("open", () => resolve("open"));
      socket.on("error", (error) => resolve(error.message));
    });
  expect(await outcome("https://elsewhere.example")).toContain("401");
  expect(await outcome("http://127.0.0.1:5173")).toBe("open");
});

test("the turn ends after its microtasks", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    platform.onTurnEnd(() => {
      order.push("turn end");
      resolve();
    });
    queueMicrotask(() => queueMicrotask(() => order.push("microtask")));
    order.push("turn");
  });
  expect(order).toEqual(["turn", "microtask", "turn end"]);
});

test("text messages end the connection: only binary ones are understood", async () => {
  let server: Transport | undefined;
  listener = await listen({
    port: 0,
    onTransport: (transport) => {
      server = transport;
    },
  });
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(listener.url);
  socket.on("open", () => socket.send("text"));
  const code = await new Promise((resolve) => socket.on("close", resolve));
  expect(code).toBe(1003);
  expect(server?.bufferedBytes).toBe(0);
});

test("a message over the limit ends the connection and not the process", async () => {
  const [client, server] = await socketPair();
  const closed = new Promise<TransportClose>((resolve) => server.onClose(resolve));
  client.send(new Uint8Array(MESSAGE_BYTES_MAX + 1));
  expect((await closed).code).toBe(1006);
});

test("what databases say when they fail becomes a code and what to do", () => {
  const coded = (message: string, code?: string) =>
    storageError("./data", Object.assign(new Error(message), { code, cause: new Error("the cause") }));
  expect(coded("lock is held", "LEVEL_LOCKED").code).toBe("store-locked");
  expect(coded("IO error: 000003.log: No space left on device").code).toBe("store-full");
  expect(coded("QuotaExceededError").code).toBe("store-full");
  expect(coded("Corruption: bad block").code).toBe("store-corrupt");
  expect(coded("Database is not open").code).toBe("store-closed");
  for (const message of ["No space left", "Corruption", "anything"])
    expect(coded(message).message).toContain("./data");
  const own = new CrdtError("store-full", "full");
  expect(storageError("./data", own)).toBe(own);
});
