// Detectors: false alarms are as rare as was asked for, on any distribution; what changed is found soon, and where.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normal, syntheticLoads } from "../../bench/learning/load-series.ts";
import { AnomalyDetector, ChangeDetector, LoadForecast } from "../../host/learning/index.ts";
import { RankWindow } from "../../host/learning/patterns/rank-window.ts";
import { Random } from "../../host/simulator/random.ts";

const DISTRIBUTIONS: Record<string, (random: Random) => number> = {
  normal,
  exponential: (random) => random.exponential(3),
  "heavy-tailed": (random) => normal(random) / Math.max(1e-9, Math.abs(normal(random))),
};

describe.each(Object.entries(DISTRIBUTIONS))("on %s values", (name, draw) => {
  it("a change detector raises false alarms as seldom as was asked for, and not never", () => {
    const random = new Random("no change", name);
    const detector = new ChangeDetector({ valuesAFalseAlarm: 500 });
    let alarms = 0;
    for (let count = 0; count < 60_000; count++) if (detector.add(draw(random)) !== undefined) alarms++;
    expect(60_000 / alarms).toBeGreaterThan(500 * 0.75);
    expect(60_000 / alarms).toBeLessThan(500 * 1.6);
  });

  it("an anomaly detector tells of the share of ordinary values that was asked for", () => {
    const random = new Random("no anomaly", name);
    const detector = new AnomalyDetector({ falseAlarmShare: 0.01 });
    let alarms = 0;
    for (let count = 0; count < 60_000; count++) if (detector.add(draw(random)) !== undefined) alarms++;
    expect(alarms / 60_000).toBeLessThan(0.0125);
    expect(alarms / 60_000).toBeGreaterThan(0.006);
  });
});

describe("a change detector", () => {
  it("finds a shift of one and a half deviations within 30 values, and says where it was", () => {
    const [delays, misses]: number[][] = [[], []];
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random("shift", seed);
      const detector = new ChangeDetector();
      for (let count = 0; count < 300; count++) detector.add(normal(random));
      for (let count = 1; count <= 100; count++) {
        const change = detector.add((seed % 2 === 0 ? 1.5 : -1.5) + normal(random));
        if (change === undefined) continue;
        expect(change.direction).toBe(seed % 2 === 0 ? "up" : "down");
        delays!.push(count);
        misses!.push(Math.abs(change.valuesAgo - count));
        break;
      }
    }
    const median = (values: number[]) => values.sort((left, right) => left - right)[values.length >> 1]!;
    expect(delays!.length).toBeGreaterThanOrEqual(58);
    expect(median(delays!)).toBeLessThan(30);
    expect(median(misses!)).toBeLessThanOrEqual(3);
  });

  it("is quiet about a day that a forecast knows, where it is not about the day itself", () => {
    const { values, seasonSteps } = syntheticLoads(9, 3_000).find(({ name }) => name === "container-day")!;
    const forecast = new LoadForecast({ stepMs: 1, seasonSteps });
    const [ofValues, ofErrors] = [new ChangeDetector(), new ChangeDetector()];
    let [valueAlarms, errorAlarms] = [0, 0];
    for (const value of values) {
      const expected = forecast.at(1);
      if (ofValues.add(value) !== undefined) valueAlarms++;
      if (expected !== undefined && ofErrors.add(value - expected.value) !== undefined) errorAlarms++;
      forecast.add(value);
    }
    expect(valueAlarms).toBeGreaterThan(10);
    expect(errorAlarms).toBeLessThanOrEqual(2);
  });

  it("passes over what is no number, and is quiet about what never changes", () => {
    const detector = new ChangeDetector({ valuesAFalseAlarm: 100 });
    for (let count = 0; count < 500; count++) {
      expect(detector.add(count % 3 === 0 ? Number.NaN : 7)).toBeUndefined();
    }
    for (const valuesAFalseAlarm of [99, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new ChangeDetector({ valuesAFalseAlarm })).toThrow("valuesAFalseAlarm");
    }
  });
});

describe("an anomaly detector", () => {
  it("finds what stands out, and says how far", () => {
    const random = new Random("spikes");
    const detector = new AnomalyDetector();
    for (let count = 0; count < 1_000; count++) detector.add(normal(random));
    const up = detector.add(8)!;
    expect(up.direction).toBe("up");
    expect(up.deviations).toBeGreaterThan(6);
    expect(up.deviations).toBeLessThan(10);
    expect(detector.add(-8)?.direction).toBe("down");
    expect(detector.add(0.3)).toBeUndefined();
  });

  it("says nothing before the rate it promises can hold", () => {
    const detector = new AnomalyDetector({ falseAlarmShare: 0.01 });
    for (let count = 0; count < 150; count++)
      expect(detector.add(count === 149 ? 1e9 : count % 10)).toBeUndefined();
    expect(() => new AnomalyDetector({ falseAlarmShare: 0.001 })).toThrow("falseAlarmShare 0.001");
  });
});

it("a rank window ranks as sorting does", () => {
  const values = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 9 }), (all, size) => {
      const window = new RankWindow(size);
      for (const [place, value] of all.entries()) {
        const kept = all.slice(Math.max(0, place - size), place);
        const below = kept.filter((one) => one < value).length;
        const ties = kept.filter((one) => one === value).length;
        expect(window.shareBelow(value)).toBeCloseTo((below + ties / 2 + 0.5) / (kept.length + 1), 10);
        window.add(value);
      }
    }),
  );
});
