// When to send: never beyond the cap, near to what one who knows all arrivals would pay, and cheaper than any fixed interval.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  costOf,
  fixedMessagesAtEqualWait,
  offlineOptimum,
  recordedSendTrace,
  type SendTrace,
  sendAll,
  syntheticSendTraces,
} from "../../bench/learning/send-trace.ts";
import { MeasuredChoice, SendSchedule } from "../../host/learning/index.ts";
import { recordedTraces, WITHOUT_TRACES } from "./recorded-traces.ts";

const COSTS_MS = [300, 1_000, 10_000];

const traceArbitrary = fc
  .array(
    fc.record({
      gapMs: fc.oneof(fc.nat(50), fc.nat(5_000), fc.double({ min: 0, max: 1e7, noNaN: true })),
      mutations: fc.integer({ min: 1, max: 20 }),
    }),
    { minLength: 1, maxLength: 80 },
  )
  .map((steps): SendTrace => {
    let atMs = 0;
    const arrivals = steps.map(({ gapMs, mutations }) => {
      atMs += gapMs;
      return { atMs, mutations };
    });
    return { name: "any", arrivals };
  });

/** All ways to cut a short trace into messages. */
function leastByTrying({ arrivals }: SendTrace, costMs: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let cuts = 0; cuts < 2 ** (arrivals.length - 1); cuts++) {
    let total = 0;
    let first = 0;
    for (let last = 0; last < arrivals.length; last++) {
      if (last < arrivals.length - 1 && (cuts & (1 << last)) === 0) continue;
      const sentMs = arrivals[last]!.atMs;
      total += costMs;
      for (let place = first; place <= last; place++) {
        total += arrivals[place]!.mutations * (sentMs - arrivals[place]!.atMs);
      }
      first = last + 1;
    }
    least = Math.min(least, total);
  }
  return least;
}

describe("a send schedule", () => {
  it("lets nothing wait beyond the cap, nor waits add up beyond a message and its turn", () => {
    const options = fc.record({
      costMs: fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e5, noNaN: true })),
      staleMsMax: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e4, noNaN: true })),
    });
    fc.assert(
      fc.property(traceArbitrary, options, (trace, given) => {
        const cost = sendAll(trace, new SendSchedule(given));
        expect(cost.staleMsMax).toBeLessThanOrEqual(given.staleMsMax + 1e-6);
        expect(cost.waitedMs).toBeLessThanOrEqual(cost.messages * given.costMs + 1e-3);
        expect(costOf(cost, given.costMs)).toBeGreaterThanOrEqual(offlineOptimum(trace, given.costMs) - 1e-3);
      }),
    );
  });

  it("is judged by an optimum that trying every way confirms", () => {
    const short = traceArbitrary.map(({ arrivals }) => ({ name: "short", arrivals: arrivals.slice(0, 9) }));
    fc.assert(
      fc.property(short, fc.constantFrom(0.5, 30, 1_000, 1e6), (trace, costMs) => {
        expect(offlineOptimum(trace, costMs)).toBeCloseTo(leastByTrying(trace, costMs), 4);
      }),
    );
  });

  it("costs at most 1.40 times the optimum on every kind of arrivals", () => {
    for (const trace of syntheticSendTraces(7, 1_500)) {
      for (const costMs of COSTS_MS) {
        const cost = sendAll(trace, new SendSchedule({ costMs, staleMsMax: 1e9 }));
        const ratio = costOf(cost, costMs) / offlineOptimum(trace, costMs);
        expect(ratio, `${trace.name}, ${costMs} ms a message`).toBeLessThanOrEqual(1.4);
      }
    }
  });

  it("sends 9 % fewer messages than the best fixed interval of equal waits", () => {
    let [messages, fixed] = [0, 0];
    for (const trace of syntheticSendTraces(8, 1_500)) {
      for (const costMs of COSTS_MS) {
        const cost = sendAll(trace, new SendSchedule({ costMs, staleMsMax: 1e9 }));
        if (cost.messages >= 0.9 * trace.arrivals.length) continue;
        messages += cost.messages;
        fixed += fixedMessagesAtEqualWait(trace, cost.waitedMs);
      }
    }
    expect(messages).toBeLessThanOrEqual(0.91 * fixed);
  });

  const recorded = recordedTraces();
  it.skipIf(recorded.length === 0)(
    `costs at most 1.40 times on recorded histories (${WITHOUT_TRACES})`,
    () => {
      for (const trace of recorded.map(recordedSendTrace)) {
        for (const costMs of COSTS_MS) {
          const cost = sendAll(trace, new SendSchedule({ costMs, staleMsMax: 1e9 }));
          expect(costOf(cost, costMs) / offlineOptimum(trace, costMs), trace.name).toBeLessThanOrEqual(1.4);
        }
      }
    },
  );

  it("sends what comes alone at once, and takes a clock that steps back for one that stands", () => {
    const schedule = new SendSchedule({ costMs: 100, staleMsMax: 1_000 });
    expect(schedule.arrived(5_000)).toBeLessThanOrEqual(5_000);
    schedule.sent();
    for (const atMs of [15_000, 25_000]) {
      expect(schedule.arrived(atMs)).toBeLessThanOrEqual(atMs);
      schedule.sent();
    }
    expect(schedule.arrived(4_000)).toBeLessThanOrEqual(25_000 + 100);
    for (const costMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new SendSchedule({ costMs, staleMsMax: 1 })).toThrow("costMs");
    }
  });
});

describe("a measured choice", () => {
  it("takes what was measured cheapest for a size, and notices when that changes", () => {
    const choice = new MeasuredChoice([1, 6, 9]);
    const costs = { small: { 1: 1, 6: 3, 9: 9 }, large: { 1: 90, 6: 40, 9: 60 } };
    const take = (bytes: number, table: Record<number, number>): number => {
      const level = choice.choose(bytes);
      choice.measured(level, bytes, table[level]!);
      return level;
    };
    for (let round = 0; round < 40; round++) {
      take(100, costs.small);
      take(100_000, costs.large);
    }
    const mostOften = (bytes: number, table: Record<number, number>) => {
      const taken = Array.from({ length: 1_500 }, () => take(bytes, table)).slice(-31);
      return taken.sort((left, right) => left - right)[15];
    };
    expect([mostOften(100, costs.small), mostOften(100_000, costs.large)]).toEqual([1, 6]);
    expect(mostOften(100, { 1: 9, 6: 3, 9: 1 })).toBe(9);
    choice.measured(1, 100, Number.NaN);
    expect(() => new MeasuredChoice([])).toThrow("no settings");
  });
});
