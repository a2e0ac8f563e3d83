// Each kind of fault is drawn, happens, does what it says, and is survived.
import { describe, expect, it, vi } from "vitest";
import { drawFaults } from "../../host/simulator/faults.ts";
import { FAULT_NAMES, type FaultKind, type SimulationResult, simulate } from "../../host/simulator/index.ts";
import { Random } from "../../host/simulator/random.ts";

vi.setConfig({ testTimeout: 600_000 });

const storeEvents = (result: SimulationResult, kind: string) =>
  result.timeline.events.filter((event) => event.kind === kind).length;

/** What shows that a fault of this kind was more than a word. */
const EFFECTS: Record<FaultKind, (result: SimulationResult) => number> = {
  loss: ({ met }) => met.loss!,
  duplication: ({ met }) => met.duplication!,
  reordering: ({ met }) => met.reordering!,
  truncation: ({ met }) => met.truncation!,
  flip: ({ met }) => met.flip!,
  delay: ({ met }) => met.delay!,
  partition: ({ met }) => met.cut!,
  "one-way": ({ met }) => met.cut!,
  "half-open": ({ happened }) => happened.get("half-open") ?? 0,
  broken: ({ happened }) => happened.get("broken") ?? 0,
  refusal: ({ happened }) => happened.get("refusal") ?? 0,
  kill: ({ restarts }) => restarts,
  "power-loss": (result) => storeEvents(result, "new-replica-id"),
  "torn-record": (result) => storeEvents(result, "torn-tail"),
  "flipped-record": (result) => storeEvents(result, "hole") + storeEvents(result, "torn-tail"),
  "full-disk": (result) => storeEvents(result, "write-failed"),
  "old-copy": (result) => storeEvents(result, "new-replica-id"),
  clone: (result) => storeEvents(result, "new-replica-id"),
  "clock-skew": ({ happened }) => happened.get("clock-skew") ?? 0,
  "clock-step": ({ happened }) => happened.get("clock-step") ?? 0,
  slow: ({ happened }) => happened.get("slow") ?? 0,
  pause: ({ happened }) => happened.get("pause") ?? 0,
  "old-version": ({ restarts }) => restarts,
};

describe("faults", () => {
  it("of every kind are drawn", () => {
    const drawn = new Set<FaultKind>();
    for (let seed = 1; seed <= 40; seed++) {
      const faults = drawFaults(new Random(seed), { nodes: 20, lengthMs: 5_000, kinds: FAULT_NAMES });
      for (const { kind, nodes, atMs, forMs } of faults) {
        drawn.add(kind);
        expect(nodes.length).toBeGreaterThan(0);
        expect(atMs + forMs).toBeLessThanOrEqual(5_000);
      }
    }
    expect([...drawn].sort()).toEqual([...FAULT_NAMES].sort());
  });

  for (const kind of FAULT_NAMES) {
    it(`${kind} happens, shows, and is survived`, async () => {
      let effects = 0;
      for (let seed = 1; seed <= 12 && effects === 0; seed++) {
        const result = await simulate({ seed, nodes: 6, seconds: 4, rate: 6, faults: [kind] });
        expect(result.violations, `seed ${seed}`).toEqual([]);
        expect(result.happened.get(kind), `seed ${seed}`).toBeGreaterThan(0);
        effects += EFFECTS[kind](result);
      }
      expect(effects).toBeGreaterThan(0);
    });
  }

  it("delay messages by up to half a minute", () => {
    const delays = Array.from({ length: 200 }, (_, seed) =>
      drawFaults(new Random(seed), { nodes: 3, lengthMs: 5_000, kinds: ["delay"] }).map(
        ({ amount }) => amount,
      ),
    ).flat();
    expect(Math.max(...delays)).toBeGreaterThan(25_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(30_000);
  });

  it("that are left out leave the others as they were", async () => {
    const all = await simulate({ seed: 3, nodes: 8, seconds: 3 });
    const kept = await simulate({ seed: 3, nodes: 8, seconds: 3, keepFaults: [2] });
    expect(kept.schedule).toEqual(all.schedule);
    expect([...kept.happened.keys()]).toEqual([all.schedule[2]!.kind]);
  });
});
