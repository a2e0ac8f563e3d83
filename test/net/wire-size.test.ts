// What a small mutation costs on the wire once two replicas know each other, counted at the socket of both ends.
import { createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type Relay, serve } from "../../host/relay.ts";
import { converged, createNode, FAST, openHome, pause, until } from "./fleet.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const closable of open.splice(0).reverse()) await closable.close();
});

/** A TCP proxy in front of a relay that counts what passes: TCP payload, so WebSocket headers are in it. */
async function countingProxy(relay: Relay): Promise<{ url: string; up: () => number; down: () => number }> {
  let [up, down] = [0, 0];
  const { connect } = await import("node:net");
  const server = createServer((client: Socket) => {
    const upstream = connect(relay.port, "127.0.0.1");
    client.on("data", (chunk) => {
      up += chunk.length;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      down += chunk.length;
      client.write(chunk);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on("close", () => other.destroy());
      one.on("error", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({ close: () => server.close() });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `ws://127.0.0.1:${port}`, up: () => up, down: () => down };
}

describe("bytes on the wire", () => {
  it("of a single small map write are at most 40, headers included", async () => {
    const quiet = { timing: { ...FAST.timing, heartbeatMs: 60_000, repairMs: 60_000 } };
    const [a, b, c] = [createNode("a1b2c3d4e5f60718", quiet), createNode(2, quiet), createNode(3, quiet)];
    const relay = await serve(c.replica, { port: 0 });
    const home = await openHome(a);
    await openHome(b);
    const [toRelay, fromRelay] = [await countingProxy(relay), await countingProxy(relay)];
    open.push(relay, await a.replica.connect(toRelay.url), await b.replica.connect(fromRelay.url));
    // "key0" takes 4 bytes and a text of five characters 6 in CBOR.
    // The first write after everybody joined brings the definitions of the stream along.
    for (let index = 0; index < 2; index++) {
      await until("both are in the stream", () => relay.documents()[0]?.receivers === 2);
      home.settings.set("key0", "abcde");
      await converged([a, b, c]);
    }
    await pause(60);
    const writes = 40;
    const sizes = { up: [] as number[], down: [] as number[] };
    for (let index = 0; index < writes; index++) {
      const start = [toRelay.up(), fromRelay.down()];
      home.settings.set(`key${index % 10}`, "abcde");
      await converged([a, b, c]);
      sizes.up.push(toRelay.up() - start[0]!);
      sizes.down.push(fromRelay.down() - start[1]!);
      await pause(1);
    }
    expect(Math.max(...sizes.up)).toBeLessThanOrEqual(40);
    expect(Math.max(...sizes.down)).toBeLessThanOrEqual(36);
  });
});
