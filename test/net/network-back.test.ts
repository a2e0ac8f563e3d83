// How soon clients are back: when their platform says there is a network again, and a thousand of them when a relay was
// away longer than their pauses grow.
import { afterEach, expect, it, vi } from "vitest";
import { CrdtError } from "../../host/errors.ts";
import { CONNECTIONS_PER_SECOND_MAX } from "../../host/limits.ts";
import { Backoff } from "../../host/net/backoff.ts";
import { RelayAddress } from "../../host/net/relay-choice.ts";
import { Admission } from "../../host/platform/admission.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { platform as nodePlatform } from "../../host/platform/node.ts";
import type { Platform } from "../../host/platform/platform.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { randomFrom } from "./faulty-transport.ts";
import { createNode, until } from "./fleet.ts";

afterEach(() => void vi.useRealTimers());

it("a client tries at once when there is a network again, whatever its pause has grown to", async () => {
  const relay = createNode(1);
  const pauses: number[] = [];
  let isReachable = true;
  let transport: Transport | undefined;
  let networkBack = () => {};
  const platform: Platform = {
    ...nodePlatform,
    randomBytes: (count) => new Uint8Array(count).fill(255),
    onNetworkBack(listener) {
      networkBack = listener;
      return () => {
        networkBack = () => {};
      };
    },
    /** Pauses before attempts pass fifty times as fast. */
    setTimer(callback, ms, options) {
      if (options?.background) return nodePlatform.setTimer(callback, ms, options);
      pauses.push(ms);
      return nodePlatform.setTimer(callback, ms / 50);
    },
    async connect() {
      if (!isReachable) throw new CrdtError("connection-failed", "nobody is there");
      const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
      relay.hub.attach(right, "server");
      transport = left;
      return left;
    },
  };
  const client = createNode(2, undefined, platform);
  const connection = await client.replica.connect("ws://relay");
  isReachable = false;
  transport!.terminate();
  await until("long pauses", () => pauses.filter((ms) => ms > 9_000).length >= 2);
  isReachable = true;
  networkBack();
  expect(pauses.at(-1)).toBeLessThanOrEqual(200);
  await until("a connection", () => connection.status === "open");
  await connection.close();
  const count = pauses.length;
  networkBack();
  expect(pauses.length).toBe(count);
});

it("an address that said when to come back is left alone until then", () => {
  const address = new RelayAddress("ws://relay", nodePlatform);
  address.failed(1_000, 60_000);
  address.networkBack(2_000);
  expect(address.notBeforeMs).toBe(61_000);
  address.failed(1_000, undefined);
  address.networkBack(1_000);
  expect(address.notBeforeMs).toBe(1_000);
});

it("a thousand clients whose relay was away for a minute are let in within 20 s, never more than the relay takes", async () => {
  vi.useFakeTimers();
  const random = randomFrom(11);
  const platform = {
    randomBytes: (count: number) => Uint8Array.from({ length: count }, () => random() * 256),
  };
  const admission = new Admission(CONNECTIONS_PER_SECOND_MAX);
  const backAtMs = performance.now() + 60_000;
  const joinedMs: number[] = [];
  for (let client = 0; client < 1_000; client++) {
    const backoff = new Backoff(platform);
    const pause = (ms: number) => void setTimeout(attempt, ms);
    const attempt = () => {
      admission.enter((isTaken) => {
        if (isTaken) joinedMs.push(performance.now() - backAtMs);
        else pause(backoff.nextMs());
      });
    };
    // Until then every attempt fails.
    let atMs = performance.now();
    while (atMs < backAtMs) atMs += backoff.nextMs();
    pause(atMs - performance.now());
  }
  await vi.advanceTimersByTimeAsync(60_000);
  await vi.advanceTimersByTimeAsync(40_000);
  expect(joinedMs).toHaveLength(1_000);
  expect(joinedMs.at(-1)).toBeLessThan(20_000);
  for (const [index, time] of joinedMs.entries()) {
    const next = joinedMs[index + CONNECTIONS_PER_SECOND_MAX] ?? Number.POSITIVE_INFINITY;
    if (next - time < 1_000) throw new Error(`more than ${CONNECTIONS_PER_SECOND_MAX} within a second`);
  }
});
