import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Listener, listen } from "../../host/platform/listen.ts";
import type { Transport } from "../../host/platform/transport.ts";

let listener: Listener | undefined;
afterEach(async () => {
  await listener?.close();
});

/** A transport of a listening server, and the plain `ws` client at its other end. */
async function pair(): Promise<{ transport: Transport; client: WebSocket; received: Buffer[] }> {
  const arrived = new Promise<Transport>((resolve) => {
    listen({ port: 0, onTransport: resolve }).then((opened) => {
      listener = opened;
      client = new WebSocket(opened.url, { maxPayload: 2 ** 28 });
      client.on("message", (bytes: Buffer) => received.push(bytes));
    });
  });
  const received: Buffer[] = [];
  let client: WebSocket | undefined;
  const transport = await arrived;
  while (client!.readyState !== WebSocket.OPEN) await new Promise((resolve) => setTimeout(resolve, 1));
  return { transport, client: client!, received };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test("messages of every length arrive whole and in order, those of ws between them", async () => {
  const { transport, client, received } = await pair();
  const lengths = [1, 125, 126, 127, 65535, 65536, 65537, 300_000, 0, 2];
  const messages = lengths.map((length, index) => new Uint8Array(length).fill(index + 1));
  for (const message of messages) transport.send(message);
  // The frame of a payload is kept for the next receiver: the same bytes again, and others after them.
  transport.send(messages[0]!);
  transport.send(messages[0]!);
  const other = new Uint8Array([77]);
  transport.send(other);
  transport.send(messages[1]!);
  const expected = [...messages, messages[0]!, messages[0]!, other, messages[1]!];
  await until(() => received.length === expected.length);
  for (const [index, message] of expected.entries()) expect(received[index]!.equals(message)).toBe(true);
  const closed = new Promise<number>((resolve) => client.once("close", (code) => resolve(code)));
  transport.send(new Uint8Array([42]));
  transport.close(1000, "done");
  expect(await closed).toBe(1000);
  expect([...received.at(-1)!]).toEqual([42]);
});

test("what a peer does not read shows as buffered, and a send after its end does nothing", async () => {
  const { transport, client } = await pair();
  client.pause();
  const message = new Uint8Array(1_000_000);
  for (let index = 0; index < 50; index++) transport.send(message);
  expect(transport.bufferedBytes).toBeGreaterThan(10_000_000);
  const closed = new Promise<void>((resolve) => transport.onClose(() => resolve()));
  client.terminate();
  await closed;
  transport.send(message);
});

test("two peers of one payload get the same, each by itself", async () => {
  const one = await pair();
  const first = listener;
  const two = await pair();
  const payload = new Uint8Array([1, 2, 3]);
  one.transport.send(payload);
  two.transport.send(payload);
  one.transport.send(new Uint8Array([4]));
  await until(() => one.received.length === 2 && two.received.length === 1);
  expect([...two.received[0]!]).toEqual([1, 2, 3]);
  await first?.close();
});
