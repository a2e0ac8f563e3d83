// When a silent peer is called dead: after two and a half intervals, and never by a timer that came late.
import { expect, it } from "vitest";
import { Heartbeat } from "../../host/net/heartbeat.ts";
import { createSimulatedPlatform } from "../platform/simulated-platform.ts";

function createHeartbeat() {
  const platform = createSimulatedPlatform();
  const asked: number[] = [];
  const dead: number[] = [];
  const heartbeat = new Heartbeat(platform, { heartbeatMs: 10_000, repairMs: 5_000 }, "client", {
    send: () => asked.push(platform.nowMs),
    dead: (silentMs) => {
      dead.push(silentMs);
      heartbeat.stop();
    },
    tick: () => {},
    measured: () => {},
  });
  heartbeat.start();
  heartbeat.heard();
  return { platform, heartbeat, asked, dead };
}

it("a peer that answers nothing is dead after two and a half intervals", () => {
  const { platform, asked, dead } = createHeartbeat();
  for (let passed = 0; passed < 25_000; passed += 1_000) platform.advance(1_000);
  expect(dead).toEqual([]);
  for (let passed = 0; passed < 5_000; passed += 1_000) platform.advance(1_000);
  expect(dead).toEqual([30_000]);
  expect(asked.length).toBeGreaterThan(1);
});

it("a timer that comes a minute late asks first, and a peer that answers then lives on", () => {
  const { platform, heartbeat, asked, dead } = createHeartbeat();
  for (let minute = 1; minute <= 5; minute++) {
    platform.advance(60_000);
    expect(asked).toHaveLength(1 + minute);
    heartbeat.heard();
  }
  expect(dead).toEqual([]);
});

it("one that does not answer then is dead at the next look", () => {
  const { platform, dead } = createHeartbeat();
  platform.advance(60_000);
  expect(dead).toEqual([]);
  platform.advance(5_000);
  expect(dead).toEqual([65_000]);
});
