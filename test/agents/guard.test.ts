// Guards: circles are stopped, honest repetition is not, and tenants keep to their rates.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argumentDigest, LoopGuard } from "../../host/agents/guard/loop-guard.ts";
import { checkPressure, pressureOf, TenantRates } from "../../host/agents/guard/tenant-rates.ts";
import { DELEGATION_DEPTH_MAX, GUARD_CALLS_MAX, RATED_TENANTS_MAX } from "../../host/limits.ts";

const coded = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const call = (argument: unknown, more: { agent?: string; kind?: string; chain?: string[] } = {}) => {
  return { agent: "ada", kind: "search", argument, ...more };
};

describe("the loop guard", () => {
  it("refuses the same call once too often within its window, whatever the order of its keys", () => {
    const guard = new LoopGuard({ windowMs: 1_000, timesMax: 3 });
    guard.admit(call({ a: 1, b: [2] }), 0);
    guard.admit(call({ b: [2], a: 1 }), 100);
    guard.admit(call({ a: 1, b: [2] }), 900);
    expect(() => guard.admit(call({ b: [2], a: 1 }), 999)).toThrow(coded("call-repeated", /wait 1 ms/));
    guard.admit(call({ a: 1, b: [3] }), 999);
    guard.admit(call({ a: 1, b: [2] }, { agent: "bob" }), 999);
    guard.admit(call({ a: 1, b: [2] }, { kind: "read" }), 999);
    guard.admit(call({ a: 1, b: [2] }), 1_000);
    expect(() => guard.admit(call({ a: 1, b: [2] }), 1_001)).toThrow(coded("call-repeated", /3 are allowed/));
    expect(guard.refusals).toBe(2);
  });

  it("refuses work that comes back to who handed it on, at the first return", () => {
    const guard = new LoopGuard();
    const toBob = guard.admit(call("the same", { agent: "ada" }), 0);
    const toCyd = guard.admit(call("the same", { agent: "bob", chain: toBob }), 1);
    expect(toCyd).toHaveLength(2);
    expect(() => guard.admit(call("the same", { agent: "ada", chain: toCyd }), 2)).toThrow(
      coded("call-repeated", /very same call/),
    );
    expect(guard.admit(call("something else", { agent: "ada", chain: toCyd }), 2)).toHaveLength(3);
  });

  it("refuses chains that are too deep, though each call in them is new", () => {
    const guard = new LoopGuard({ depthMax: 1_000 });
    let chain: string[] = [];
    for (let depth = 0; depth < DELEGATION_DEPTH_MAX; depth++) chain = guard.admit(call(depth, { chain }), 0);
    expect(() => guard.admit(call("deeper", { chain }), 0)).toThrow(
      coded("call-repeated", /handed on 16 times/),
    );
  });

  it("lets through at most so many in any window, and all that are slower", () => {
    const times = fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 4 }), (unsorted, timesMax) => {
        const guard = new LoopGuard({ windowMs: 1_000, timesMax });
        const admitted: number[] = [];
        for (const nowMs of [...unsorted].sort((left, right) => left - right)) {
          const within = admitted.filter((timeMs) => timeMs > nowMs - 1_000).length;
          try {
            guard.admit(call(1), nowMs);
            admitted.push(nowMs);
            expect(within).toBeLessThan(timesMax);
          } catch (error) {
            expect(error).toMatchObject({ code: "call-repeated" });
            expect(within).toBe(timesMax);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("remembers only so many calls", () => {
    const guard = new LoopGuard({ windowMs: 1_000_000, timesMax: 1 });
    for (let index = 0; index <= GUARD_CALLS_MAX; index++) guard.admit(call(index), index);
    expect(guard.size).toBe(GUARD_CALLS_MAX);
    expect(() => guard.admit(call(GUARD_CALLS_MAX), GUARD_CALLS_MAX + 1)).toThrow(
      coded("call-repeated", /1 are/),
    );
    guard.admit(call(0), GUARD_CALLS_MAX + 1);
  });

  it("tells arguments apart, and refuses settings that are none", () => {
    expect(argumentDigest([1, 2])).not.toBe(argumentDigest([12]));
    expect(argumentDigest({ a: 1, b: 2 })).toBe(argumentDigest({ b: 2, a: 1 }));
    expect(argumentDigest("x")).toMatch(/^[0-9a-f]{16}$/);
    for (const options of [{ windowMs: 0 }, { timesMax: 1.5 }, { depthMax: -1 }]) {
      expect(() => new LoopGuard(options)).toThrow(coded("invalid-argument", /give an integer from 1/));
    }
  });
});

describe("tenant rates", () => {
  it("allow a burst and then the rate, each tenant for itself", () => {
    const rates = new TenantRates({
      perSecond: 10,
      burst: 5,
      tenants: { big: { perSecond: 100, burst: 50 } },
    });
    rates.take("small", 0, 5);
    expect(() => rates.take("small", 0)).toThrow(coded("rate-exceeded", /try again in 100 ms/));
    expect([rates.waitMs("small", 99), rates.waitMs("small", 100)]).toEqual([1, 0]);
    rates.take("other", 0, 5);
    rates.take("big", 0, 50);
    expect(rates.waitMs("big", 0, 10)).toBe(100);
    expect(() => rates.take("small", 10_000, 6)).toThrow(coded("rate-exceeded", /fewer at once/));
  });

  it("never let through more than burst + rate × time, whatever the clock does", () => {
    const steps = fc.array(
      fc.record({ ms: fc.integer({ min: -500, max: 500 }), count: fc.nat({ max: 6 }) }),
      {
        maxLength: 100,
      },
    );
    fc.assert(
      fc.property(steps, (history) => {
        const rates = new TenantRates({ perSecond: 20, burst: 5 });
        let [nowMs, latestMs, taken] = [1_000, 1_000, 0];
        rates.take("t", nowMs, 0);
        for (const { ms, count } of history) {
          nowMs += ms;
          latestMs = Math.max(latestMs, nowMs);
          try {
            rates.take("t", nowMs, count);
            taken += count;
          } catch (error) {
            expect(error).toMatchObject({ code: "rate-exceeded" });
          }
          expect(taken).toBeLessThanOrEqual(5 + ((latestMs - 1_000) * 20) / 1_000 + 1e-6);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("remember only so many tenants, and refuse rates that are none", () => {
    const rates = new TenantRates({ perSecond: 1, burst: 1 });
    for (let index = 0; index <= RATED_TENANTS_MAX; index++) rates.take(`tenant-${index}`, 0);
    expect(rates.size).toBe(RATED_TENANTS_MAX);
    for (const rate of [
      { perSecond: 0, burst: 1 },
      { perSecond: 1, burst: 0.5 },
      { perSecond: Number.NaN, burst: 1 },
    ]) {
      expect(() => new TenantRates(rate)).toThrow(coded("invalid-argument", /a rate of/));
    }
  });
});

describe("back-pressure", () => {
  const limits = { slowFrom: 10, closedFrom: 20, pauseMsMax: 500 };

  it("grows with what waits, and closes", () => {
    expect(pressureOf(9, limits)).toEqual({ state: "open", pauseMs: 0 });
    expect(pressureOf(10, limits)).toEqual({ state: "slow", pauseMs: 0 });
    expect(pressureOf(15, limits)).toEqual({ state: "slow", pauseMs: 250 });
    expect(pressureOf(20, limits)).toEqual({ state: "closed", pauseMs: 500 });
    expect(checkPressure("t", 19, limits).state).toBe("slow");
    expect(() => checkPressure("t", 20, limits)).toThrow(coded("rate-exceeded", /20 tasks waiting/));
    expect(() => pressureOf(1, { ...limits, closedFrom: 10 })).toThrow(coded("invalid-argument", /below/));
  });
});
