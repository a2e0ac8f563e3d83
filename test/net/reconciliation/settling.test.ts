// Bringing documents into agreement, with a peer that is made of its answers: how many at a time, how long, and that
// every document is given back whatever comes of it.
import { expect, it } from "vitest";
import type { ReplicaId } from "../../../host/engine/engine.ts";
import type { ExtensionPeer } from "../../../host/net/extension.ts";
import { Settling } from "../../../host/net/reconciliation/settling.ts";
import type { ReplicaHost } from "../../../host/replica/ports.ts";
import { VersionVector } from "../../../host/wire/version-vector.ts";

const REPLICA = "00000000000000aa" as ReplicaId;
const vectorOf = (sequence: number) => new VersionVector([[REPLICA, sequence]]);

interface World {
  /** What the peer says of a document when asked for the nth time; undefined: it does not carry it. */
  readonly answer: (name: string, time: number) => VersionVector | undefined;
}

function createWorld({ answer }: World) {
  const borrowed = new Set<string>();
  const seen = { most: 0, borrows: 0, nowMs: 0 };
  const asked = new Map<string, number>();
  const host = {
    platform: {
      monotonicMs: () => seen.nowMs,
      setTimer: (callback: () => void, ms: number) => {
        seen.nowMs += ms;
        setImmediate(callback);
      },
    },
    async borrowCore(name: string) {
      borrowed.add(name);
      seen.borrows++;
      seen.most = Math.max(seen.most, borrowed.size);
      return { name, versionVector: vectorOf(5) };
    },
    async returnCore({ name }: { name: string }) {
      borrowed.delete(name);
    },
  } as unknown as ReplicaHost;
  const peer = {
    linkOf(name: string) {
      const time = asked.get(name) ?? 0;
      if (answer(name, time) === undefined) return undefined;
      const probe = (_isStored: boolean, told: (report: unknown) => void) => {
        asked.set(name, time + 1);
        setImmediate(() => told({ vector: answer(name, time) }));
      };
      return { joined: Promise.resolve(), isClosed: false, probe };
    },
  } as unknown as ExtensionPeer;
  return { settling: new Settling(host, peer), borrowed, seen };
}

it("waits until both sides cover each other, a window of documents at a time", async () => {
  const names = Array.from({ length: 300 }, (_, index) => `document ${index}`);
  const { settling, borrowed, seen } = createWorld({
    answer: (_name, time) => vectorOf(Math.min(3 + time, 5)),
  });
  expect(await settling.settle(names)).toEqual({ refused: [], unsettled: [] });
  expect([seen.borrows, seen.most, borrowed.size]).toEqual([300, 64, 0]);
});

it("gives up what does not agree within half a minute, and what the peer does not carry", async () => {
  const { settling, borrowed, seen } = createWorld({
    answer: (name) => (name === "refused" ? undefined : vectorOf(name === "ahead" ? 6 : 4)),
  });
  expect(await settling.settle(["ahead", "refused", "behind"])).toEqual({
    refused: ["refused"],
    unsettled: ["ahead", "behind"],
  });
  expect(seen.nowMs).toBeGreaterThanOrEqual(30_000);
  expect(borrowed.size).toBe(0);
});

it("stops when the connection ends", async () => {
  const { settling, borrowed, seen } = createWorld({ answer: () => vectorOf(4) });
  const settled = settling.settle(Array.from({ length: 200 }, (_, index) => `document ${index}`));
  await new Promise(setImmediate);
  settling.close();
  await settled;
  expect([seen.borrows, borrowed.size]).toEqual([64, 0]);
});
