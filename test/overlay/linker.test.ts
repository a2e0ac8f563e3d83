// A member that takes every connection and drops it at once must not be called in a circle: attempts grow apart, and
// begin anew only after a connection that held.
import { expect, it } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import type { ClientConnection, Hub } from "../../host/net/index.ts";
import { Linker, type LinkerView } from "../../host/overlay/linking/linker.ts";

const SELF = "0000000000000001" as ReplicaId;
const OTHER = "0000000000000002" as ReplicaId;
const view: LinkerView = {
  self: SELF,
  canListen: true,
  wanted: new Set([OTHER]),
  isMutual: false,
  linked: new Map(),
  addressOf: () => "test://other",
  gone: () => [],
};

/** Steps a linker every 10 ms for `ms`; each connection it opens ends after `heldMs`. */
async function attemptsWithin(ms: number, heldMs: number): Promise<number> {
  let nowMs = 0;
  let attempts = 0;
  const ends: { readonly atMs: number; end(): void }[] = [];
  const connect = async (): Promise<ClientConnection> => {
    attempts++;
    let listener = (): void => {};
    const connection = {
      status: "open",
      peer: OTHER,
      onStatus(heard: () => void) {
        listener = heard;
        return () => {};
      },
      close: async () => {},
    };
    ends.push({
      atMs: nowMs + heldMs,
      end() {
        connection.status = "waiting";
        listener();
      },
    });
    return connection as unknown as ClientConnection;
  };
  const hub = { connect, host: { platform: { monotonicMs: () => nowMs } } } as unknown as Hub;
  const linker = new Linker(
    hub,
    [],
    () => 0.5,
    () => {},
  );
  const linked = new Map([[OTHER, { opened: 1, accepted: 0, sinceMs: 0 }]]);
  for (; nowMs < ms; nowMs += 10) {
    for (const ending of ends.splice(0)) {
      if (ending.atMs <= nowMs) ending.end();
      else ends.push(ending);
    }
    linker.step(ends.length > 0 ? { ...view, linked } : view, nowMs);
    await Promise.resolve();
    await Promise.resolve();
  }
  return attempts;
}

it("calls less and less often where connections end at once", async () => {
  expect(await attemptsWithin(10_000, 0)).toBeLessThan(8);
  expect(await attemptsWithin(60_000, 0)).toBeLessThan(18);
});

it("calls again soon after a connection that held", async () => {
  expect(await attemptsWithin(60_000, 5_500)).toBeGreaterThan(9);
});
