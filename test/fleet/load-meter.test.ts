// How busy a process is: what is measured comes from outside, each span is recorded once, and the process itself is real.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LoadMeter, type LoadSource, processLoad } from "../../host/fleet/load-meter.ts";
import { Presence, type PresenceDocument } from "../../host/fleet/schema.ts";
import { createReplica, type Replica } from "../../host/index.ts";

let replica: Replica;
let presence: PresenceDocument;

beforeEach(async () => {
  replica = await createReplica({ engine: "baseline" });
  presence = await replica.open("fleet-presence", Presence);
});

afterEach(async () => {
  vi.useRealTimers();
  await replica.close();
});

/** Of today: older points are forgotten. */
const START_MS = Date.now();

/** A process that is told what it is like. */
class TestSource implements LoadSource {
  nowMs = START_MS;
  elapsedMs = 0;
  usedMs = 0;
  delayMs = 0;
  isClosed = false;
  now = () => this.nowMs;
  monotonicMs = () => this.elapsedMs;
  processorMs = () => this.usedMs;
  residentBytes = () => 50_000_000;
  takeDelayMs = () => this.delayMs;
  close = () => {
    this.isClosed = true;
  };
}

function pointsOf(label: string): [number, number][] {
  const { times, values } = presence.metrics.range(label);
  return [...times].map((time, index) => [time, values[index]!]);
}

describe("the load of a process", () => {
  test("is recorded once a second, as shares of the span it covers", () => {
    vi.useFakeTimers();
    const source = new TestSource();
    let files = 0;
    const meter = new LoadMeter({ presence, name: "agent-1", files: () => files, source });
    Object.assign(source, { nowMs: START_MS + 1000, elapsedMs: 1000, usedMs: 250, delayMs: 12.3456 });
    files = 7;
    vi.advanceTimersByTime(1000);
    Object.assign(source, { nowMs: START_MS + 3000, elapsedMs: 3000, usedMs: 1250, delayMs: 0 });
    files = 8;
    vi.advanceTimersByTime(1000);
    expect(presence.metrics.labels()).toEqual([
      "agent-1/cpu",
      "agent-1/delay",
      "agent-1/files",
      "agent-1/memory",
    ]);
    expect(pointsOf("agent-1/cpu")).toEqual([
      [START_MS + 1000, 0.25],
      [START_MS + 3000, 0.5],
    ]);
    expect(pointsOf("agent-1/delay").map(([, value]) => value)).toEqual([12.35, 0]);
    expect(pointsOf("agent-1/files").map(([, value]) => value)).toEqual([7, 0.5]);
    expect(pointsOf("agent-1/memory").map(([, value]) => value)).toEqual([50_000_000, 50_000_000]);
    meter.close();
  });

  test("has a last sample when it closes, unless there is too little to say", () => {
    for (const [elapsedMs, points] of [
      [500, 1],
      [50, 0],
    ] as const) {
      const source = new TestSource();
      const name = `closed-after-${elapsedMs}`;
      const meter = new LoadMeter({ presence, name, files: () => 0, source });
      source.elapsedMs = elapsedMs;
      meter.close();
      expect(pointsOf(`${name}/cpu`)).toHaveLength(points);
      expect(source.isClosed).toBe(true);
    }
  });

  test("of this process is that of a process at work", async () => {
    const source = processLoad();
    const startMs = source.monotonicMs();
    const usedMs = source.processorMs();
    await new Promise((resolve) => setTimeout(resolve, 50));
    source.takeDelayMs();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const busyUntilMs = source.monotonicMs() + 150;
    while (source.monotonicMs() < busyUntilMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(source.takeDelayMs()).toBeGreaterThan(50);
    expect(source.processorMs() - usedMs).toBeGreaterThan(20);
    expect(source.monotonicMs()).toBeGreaterThanOrEqual(startMs + 150);
    expect(source.residentBytes()).toBeGreaterThan(10_000_000);
    expect(Math.abs(source.now() - Date.now())).toBeLessThan(10_000);
    source.close();
  });
});
