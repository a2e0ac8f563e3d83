// What a session may send: beyond its rate it is not read, far beyond it is ended, and others do not notice.
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { MESSAGE_BYTES_MAX, RATE_DEBT_BURSTS_MAX } from "../../host/limits.ts";
import { InboundRate } from "../../host/net/inbound-rate.ts";
import { encodeMessage } from "../../host/net/messages.ts";
import { TokenBucket } from "../../host/net/token-bucket.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { serve } from "../../host/relay.ts";
import { converged, createNode, type Node, openHome, pause } from "./fleet.ts";
import { hello } from "./scripted-peer.ts";
import { VirtualTime } from "./virtual-time.ts";

const QUIET = { timing: { heartbeatMs: 1_000_000, repairMs: 1_000_000, handshakeMs: 1_000_000 } };

describe("a token bucket", () => {
  it("gives a burst, then so many a second, and saves no more than the burst", () => {
    const bucket = new TokenBucket(100, 50, 0);
    expect(bucket.take(50, 0)).toBe(0);
    expect(bucket.take(10, 0)).toBe(100);
    expect(bucket.debt).toBe(10);
    expect(bucket.take(0, 50)).toBe(50);
    expect(bucket.take(0, 100)).toBe(0);
    expect(bucket.tryTake(50, 10_000)).toBe(true);
    expect(bucket.tryTake(1, 10_000)).toBe(false);
    expect(bucket.tryTake(1, 10_010)).toBe(true);
    expect(bucket.take(0, 0)).toBe(0);
  });
});

/** A transport whose messages go through a rate; tells when each arrived. */
function limited(
  time: VirtualTime,
  rate: ConstructorParameters<typeof InboundRate>[0],
): { readonly sender: Transport; readonly arrived: { readonly atMs: number; readonly bytes: number }[] } {
  const [sender, receiver] = time.transports();
  const arrived: { atMs: number; bytes: number }[] = [];
  const platform = time.platform();
  const limit = new InboundRate(rate, platform, receiver, () => {});
  receiver.onMessage((bytes) => {
    arrived.push({ atMs: time.nowMs, bytes: bytes.length });
    limit.took(bytes.length);
  });
  return { sender, arrived };
}

describe("a rate", () => {
  it("lets a burst pass and then as many bytes a second as it says, in order, losing nothing", async () => {
    const time = new VirtualTime();
    const { sender, arrived } = limited(time, { bytesPerSecond: 1_000, burstSeconds: 1 });
    for (let index = 0; index < 100; index++) sender.send(new Uint8Array(100));
    await time.advance(1);
    expect(arrived.length).toBe(11);
    await time.advance(5_000);
    expect(arrived.length).toBeGreaterThanOrEqual(60);
    expect(arrived.length).toBeLessThanOrEqual(61);
    expect(sender.bufferedBytes).toBe((100 - arrived.length) * 100);
    await time.advance(5_000);
    expect(arrived.length).toBe(100);
    expect(sender.bufferedBytes).toBe(0);
  });

  it("counts frames too, however small", async () => {
    const time = new VirtualTime();
    const { sender, arrived } = limited(time, { framesPerSecond: 10, burstSeconds: 2 });
    for (let index = 0; index < 100; index++) sender.send(new Uint8Array(1));
    await time.advance(1);
    expect(arrived.length).toBe(21);
    await time.advance(3_000);
    expect(arrived.length).toBe(51);
  });

  it("delivers a close behind what was held", async () => {
    const time = new VirtualTime();
    const { sender, arrived } = limited(time, { framesPerSecond: 10, burstSeconds: 1 });
    for (let index = 0; index < 30; index++) sender.send(new Uint8Array(1));
    sender.close();
    await time.advance(10_000);
    expect(arrived.length).toBe(30);
  });

  it("throws at a debt just over the limit where reading cannot be paused", () => {
    const time = new VirtualTime();
    const [, receiver] = time.transports();
    const unstoppable: Transport = { ...receiver, bufferedBytes: 0, peer: "" };
    delete unstoppable.pauseReading;
    const rate = { bytesPerSecond: 1_000, framesPerSecond: 1_000_000, burstSeconds: 1 };
    const limit = new InboundRate(rate, time.platform(), unstoppable, () => {});
    limit.took(1_000 + RATE_DEBT_BURSTS_MAX * 1_000 + MESSAGE_BYTES_MAX);
    expect(limit.isPaused).toBe(true);
    expect(() => limit.took(1)).toThrow(expect.objectContaining({ code: "limit-exceeded" }));
    const few = new InboundRate(
      { framesPerSecond: 10, burstSeconds: 1 },
      time.platform(),
      unstoppable,
      () => {},
    );
    for (let count = 0; count < 10 + RATE_DEBT_BURSTS_MAX * 10; count++) few.took(1);
    expect(() => few.took(1)).toThrow(expect.objectContaining({ code: "limit-exceeded" }));
    limit.close();
    few.close();
  });

  it("that makes no sense is refused", () => {
    for (const rate of [{ bytesPerSecond: 0 }, { framesPerSecond: -1 }, { burstSeconds: Number.NaN }]) {
      expect(() => createNode(1, { rate })).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    }
  });
});

/** A client of `relay` in virtual time. */
async function connect(time: VirtualTime, id: number, relay: Node) {
  const node = createNode(id, { ...QUIET, packsFrames: false }, time.platform());
  const [left, right] = time.transports();
  relay.hub.attach(right, "server");
  const session = node.hub.attach(left, "client");
  const home = await openHome(node, `home ${id}`);
  return { node, session, home };
}

describe("sessions of a relay with a rate", () => {
  it("share it fairly: one that sends without end is held to its rate, one that sends little does not wait", async () => {
    const time = new VirtualTime();
    const rate = { bytesPerSecond: 20_000, burstSeconds: 1 };
    const relay = createNode(99, { ...QUIET, rate, packsFrames: false }, time.platform());
    const greedy = [await connect(time, 1, relay), await connect(time, 2, relay)];
    const modest = await connect(time, 3, relay);
    await time.until("all are connected", () => relay.hub.sessions.length === 3);
    await time.advance(100);
    const receivedOf = (id: number) =>
      relay.hub.sessions.find((session) => session.hello?.replica === `${id}`.padStart(16, "0"))!
        .bytesReceived;
    const start = [receivedOf(1), receivedOf(2)];
    const startMs = time.nowMs;
    const delays: number[] = [];
    for (let second = 0; second < 100; second++) {
      for (const { home } of greedy) home.settings.set(`key${second}`, "x".repeat(8_000));
      modest.home.visits.increment();
      const sentAtMs = time.nowMs;
      const core = [...relay.host.documents()].find(({ name }) => name === "home 3")!;
      await time.until(
        "the modest one arrives",
        () => core.versionVector.get(modest.node.host.id) === second + 1,
      );
      delays.push(time.nowMs - sentAtMs);
      await time.advance(100 - delays.at(-1)!);
    }
    const seconds = (time.nowMs - startMs) / 1_000;
    for (const [index, id] of [1, 2].entries()) {
      const perSecond = (receivedOf(id) - start[index]!) / seconds;
      // The rate, and the burst spread over the ten seconds.
      expect(perSecond).toBeGreaterThan(18_000);
      expect(perSecond).toBeLessThan(23_000);
    }
    expect(Math.max(...delays)).toBeLessThanOrEqual(3);
    await time.until(
      "the greedy arrive whole",
      () =>
        greedy.every(({ node, home }) => {
          const core = [...relay.host.documents()].find(({ name }) => name === home.name)!;
          return core.versionVector.get(node.host.id) === 100;
        }),
      120_000,
    );
    expect(relay.hub.sessions.length).toBe(3);
  });

  it("are ended with a code when they cannot be held back", async () => {
    const relay = createNode(99, { ...QUIET, rate: { framesPerSecond: 20, burstSeconds: 1 } });
    const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
    const transport: Transport = {
      peer: right.peer,
      get bufferedBytes() {
        return right.bufferedBytes;
      },
      send: (bytes) => right.send(bytes),
      onMessage: (listener) => right.onMessage(listener),
      onClose: (listener) => right.onClose(listener),
      close: (code, reason) => right.close(code, reason),
      terminate: () => right.terminate(),
    };
    let code = "";
    relay.hub.attach(transport, "server", undefined, (end) => {
      code = end.error?.code ?? "";
    });
    left.onMessage(() => {});
    left.send(encodeMessage(hello()));
    for (let token = 0; token < 200; token++) left.send(encodeMessage({ type: "ping", token }));
    await pause(50);
    expect(code).toBe("limit-exceeded");
  });

  it("that are not read for long are not taken for dead, and those that say nothing afterwards are", async () => {
    const time = new VirtualTime();
    const timing = { heartbeatMs: 1_000, repairMs: 1_000, handshakeMs: 1_000 };
    const rate = { bytesPerSecond: 10, burstSeconds: 1 };
    const relay = createNode(99, { timing, rate }, time.platform());
    const [left, right] = time.transports();
    relay.hub.attach(right, "server");
    left.onMessage(() => {});
    // Some 240 bytes: they are paid for after 23 seconds.
    left.send(encodeMessage(hello({ clockMs: time.platform().now(), label: "x".repeat(200) })));
    await time.advance(20_000);
    expect(relay.hub.sessions.length).toBe(1);
    await time.advance(10_000);
    expect(relay.hub.sessions.length).toBe(0);
  });
});

it("a socket is held back by the kernel, and nothing is lost", async () => {
  const [a, c] = [createNode(1, { ...QUIET, packsFrames: false }), createNode(3, QUIET)];
  const relay = await serve(c.replica, { port: 0, rate: { bytesPerSecond: 2_000_000, burstSeconds: 0.25 } });
  const connection = await a.replica.connect(relay.url);
  try {
    const home = await openHome(a);
    const start = performance.now();
    for (let index = 0; index < 20; index++) home.settings.set(`key${index}`, `${index}`.repeat(100_000));
    await converged([a, c], "home", 60_000);
    // 3 MB at 2 MB a second less the burst of 0.5 MB, and less the last frame of 1 MB, which is taken before it is paid for.
    expect(performance.now() - start).toBeGreaterThan(700);
    expect(connection.status).toBe("open");
  } finally {
    await connection.close();
    await relay.close();
  }
});

it("thousands of tiny frames in one packet are held too", async () => {
  const c = createNode(3, QUIET);
  const relay = await serve(c.replica, { port: 0, rate: { framesPerSecond: 200, burstSeconds: 1 } });
  const socket = new WebSocket(relay.url);
  try {
    await new Promise((resolve) => socket.once("open", resolve));
    let pongs = 0;
    socket.on("message", (data: Buffer) => {
      if (data[0] === 13) pongs++;
    });
    socket.send(encodeMessage(hello()));
    for (let token = 0; token < 3_000; token++) socket.send(encodeMessage({ type: "ping", token }));
    await pause(500);
    expect(pongs).toBeGreaterThan(150);
    expect(pongs).toBeLessThan(2_000);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  } finally {
    socket.terminate();
    await relay.close();
  }
});
