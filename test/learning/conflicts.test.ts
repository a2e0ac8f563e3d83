// Conflict prediction: probabilities are probabilities, outcomes count once and late, memory is bounded, the ranking
// comes near to what can be known, and a document that is followed is the same document.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  conflictsWithin,
  DAY_MS,
  type TracedWrite,
  type WriteTrace,
  zipfTrace,
} from "../../bench/learning/write-trace.ts";
import { createReplica, map, multiMap, register, schema } from "../../host/index.ts";
import {
  areaUnderCurve,
  averagePrecision,
  brierSkill,
  ConflictPredictor,
  calibrationError,
  conflictProbability,
  followConflicts,
  hotPlaces,
  type Scored,
  suggestFinerType,
} from "../../host/learning/index.ts";
import { PENDING_PREDICTIONS_MAX, PREDICTED_KEYS_MAX, PREDICTED_WRITERS_MAX } from "../../host/limits.ts";
import { recordedTraces, WITHOUT_TRACES } from "./recorded-traces.ts";

interface Replayed {
  readonly learned: Scored[];
  readonly closed: Scored[];
  readonly oracle: Scored[];
  readonly predictor: ConflictPredictor;
}

function replay({ writes, othersPerMs = [] }: WriteTrace, horizonMs: number): Replayed {
  const predictor = new ConflictPredictor({ horizonMs });
  const outcomes = conflictsWithin(writes, horizonMs);
  const endMs = writes.at(-1)!.atMs - horizonMs;
  const replayed: Replayed = { learned: [], closed: [], oracle: [], predictor };
  for (const [place, { key, writer, atMs }] of writes.entries()) {
    const { probability, closedForm } = predictor.predict(key, writer, atMs);
    predictor.wrote(key, writer, atMs);
    if (atMs >= endMs) continue;
    const outcome = outcomes[place]!;
    replayed.learned.push({ probability, outcome });
    replayed.closed.push({ probability: closedForm, outcome });
    replayed.oracle.push({ probability: othersPerMs[place] ?? 0, outcome });
  }
  return replayed;
}

const writesArbitrary = fc.array(
  fc.record({
    atMs: fc.oneof(fc.nat(10_000), fc.double({ min: -1e15, max: 1e15, noNaN: true })),
    writer: fc.constantFrom("a", "b", "c"),
    key: fc.constantFrom("x", "y", "__proto__", ""),
  }),
  { maxLength: 60 },
);

describe("a conflict predictor", () => {
  it("says probabilities, whatever the times and their order", () => {
    fc.assert(
      fc.property(writesArbitrary, fc.double({ min: 1e-3, max: 1e15, noNaN: true }), (writes, horizonMs) => {
        const predictor = new ConflictPredictor({ horizonMs });
        for (const { key, writer, atMs } of writes) {
          const { probability, closedForm } = predictor.predict(key, writer, atMs);
          for (const value of [probability, closedForm, predictor.probability(key, writer, atMs)]) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1);
          }
          predictor.wrote(key, writer, atMs);
        }
      }),
    );
  });

  it("validates each prediction once, when its horizon has passed, and as often as there are outcomes", () => {
    const writes = fc.array(
      fc.record({ gap: fc.nat(40), writer: fc.constantFrom("a", "b"), key: fc.constantFrom("x", "y") }),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(writes, (steps) => {
        let atMs = 0;
        const trace: TracedWrite[] = steps.map(({ gap, writer, key }) => {
          atMs += gap;
          return { atMs, writer, key };
        });
        const predictor = new ConflictPredictor({ horizonMs: 50 });
        for (const write of trace) {
          predictor.predict(write.key, write.writer, write.atMs);
          predictor.wrote(write.key, write.writer, write.atMs);
        }
        const outcomes = conflictsWithin(trace, 50);
        const isDue = ({ atMs: madeMs }: TracedWrite) => madeMs + 50 < atMs;
        expect(predictor.scores().validated).toBe(trace.filter(isDue).length);
        predictor.validateDue(atMs + 51);
        predictor.validateDue(atMs + 51);
        const { validated, conflicts, pending } = predictor.scores();
        expect([validated, conflicts, pending]).toEqual([trace.length, outcomes.filter(Boolean).length, 0]);
      }),
    );
  });

  it("counts a prediction once that is said to have conflicted twice", () => {
    const predictor = new ConflictPredictor({ horizonMs: 1_000 });
    const { id } = predictor.predict("x", "a", 0);
    predictor.predict("y", "a", 0);
    expect([predictor.conflicted(id), predictor.conflicted(id), predictor.conflicted(999)]).toEqual([
      true,
      false,
      false,
    ]);
    predictor.wrote("x", "b", 1);
    expect(predictor.scores()).toMatchObject({ validated: 0, conflicts: 0, brierSkill: undefined });
    predictor.validateDue(1_001);
    expect(predictor.conflicted(id)).toBe(false);
    expect(predictor.scores()).toMatchObject({ validated: 2, conflicts: 1, pending: 0 });
  });

  it("learns nothing of a write before its horizon has passed", () => {
    const [early, late] = [
      new ConflictPredictor({ horizonMs: 100 }),
      new ConflictPredictor({ horizonMs: 100 }),
    ];
    for (const predictor of [early, late]) predictor.predict("x", "a", 0);
    early.conflicted(1);
    const before = [early, late].map((predictor) => predictor.probability("x", "a", 50));
    expect(before[0]).toBe(before[1]);
    for (const predictor of [early, late]) predictor.validateDue(101);
    expect(early.probability("x", "a", 101)).toBeGreaterThan(late.probability("x", "a", 101));
  });

  it("forgets the key written longest ago, and tells a few writers of a key apart", () => {
    const predictor = new ConflictPredictor({ horizonMs: 1_000, keysMax: 3 });
    for (const key of ["a", "b", "c", "a", "d"]) predictor.wrote(key, "w", 0);
    expect(
      predictor
        .hotKeys("other", 1, 9)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(["a", "c", "d"]);
    const writers = Array.from({ length: PREDICTED_WRITERS_MAX + 1 }, (_, index) => `w${index}`);
    for (const writer of writers) predictor.wrote("a", writer, 1);
    expect(predictor.keys).toBe(3);
    // Its own write was forgotten, and is taken for one of somebody else.
    expect(predictor.probability("a", "w0", 1)).toBeGreaterThan(predictor.probability("a", "w8", 1));
  });

  it("drops the oldest prediction beyond the limit, and counts it as never validated", () => {
    const predictor = new ConflictPredictor({ horizonMs: 1_000, pendingMax: 2 });
    for (let atMs = 0; atMs < 3; atMs++) predictor.predict("x", "a", atMs);
    predictor.validateDue(9_999);
    expect(predictor.scores()).toMatchObject({ validated: 2, dropped: 1, pending: 0 });
  });

  it("refuses horizons and sizes that mean nothing", () => {
    for (const horizonMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new ConflictPredictor({ horizonMs })).toThrow("horizonMs");
    }
    expect(() => new ConflictPredictor({ horizonMs: 1, keysMax: 0 })).toThrow("keysMax 0");
    expect(() => new ConflictPredictor({ horizonMs: 1, keysMax: PREDICTED_KEYS_MAX + 1 })).toThrow("at most");
    const pendingMax = PENDING_PREDICTIONS_MAX + 1;
    expect(() => new ConflictPredictor({ horizonMs: 1, pendingMax })).toThrow("at most");
  });

  it("ranks nearly as well as one who knows the rates, on keys by Zipf's law", () => {
    const trace = zipfTrace({ seed: 3, keys: 1_000, writers: 10, writes: 20_000, days: 60, exponent: 0.99 });
    const { learned, oracle } = replay(trace, DAY_MS);
    expect(areaUnderCurve(oracle)! - areaUnderCurve(learned)!).toBeLessThanOrEqual(0.012);
    expect(brierSkill(learned)!).toBeGreaterThan(0.4);
  });

  it("is calibrated where the closed form is not: writers who avoid each other's keys", () => {
    const trace = zipfTrace({ seed: 4, keys: 500, writers: 4, writes: 12_000, days: 60, exponent: 0.8 });
    const avoiding = trace.writes.filter(({ key, writer, atMs }) => {
      const owner = (Number(key.slice(4)) + Math.floor(atMs / (3 * DAY_MS))) % 4;
      return writer === `writer ${owner}` || atMs % 7 < 1;
    });
    const { learned, closed } = replay({ name: "avoiding", writes: avoiding }, DAY_MS);
    expect(brierSkill(learned)!).toBeGreaterThan(brierSkill(closed)! + 0.05);
  });

  const recorded = recordedTraces();
  it.skipIf(recorded.length === 0)(`holds its bars on recorded histories (${WITHOUT_TRACES})`, () => {
    const bars: Record<string, number> = { "js-libp2p": 0.895, tigerbeetle: 0.77, hono: 0.71 };
    for (const trace of recorded) {
      const { learned, closed, predictor } = replay(trace, DAY_MS);
      const area = areaUnderCurve(learned)!;
      expect(area, trace.name).toBeGreaterThanOrEqual(bars[trace.name] ?? 0.5);
      expect(area, trace.name).toBeGreaterThanOrEqual(areaUnderCurve(closed)! - 0.005);
      expect(brierSkill(learned)!, trace.name).toBeGreaterThanOrEqual(0.03);
      expect(calibrationError(predictor.scores().reliability), trace.name).toBeLessThan(0.03);
    }
  });
});

describe("scores of probabilities", () => {
  const scored = (pairs: readonly (readonly [number, boolean])[]): Scored[] =>
    pairs.map(([probability, outcome]) => ({ probability, outcome }));

  it("are those of small cases worked out by hand", () => {
    const four = scored([
      [0.9, true],
      [0.8, false],
      [0.7, true],
      [0.1, false],
    ]);
    expect(areaUnderCurve(four)).toBe(0.75);
    expect(averagePrecision(four)).toBeCloseTo((1 + 2 / 3) / 2);
    expect(brierSkill(four)).toBeCloseTo(1 - (0.01 + 0.64 + 0.09 + 0.01) / 4 / 0.25);
    expect(
      areaUnderCurve(
        scored([
          [0.5, true],
          [0.5, false],
        ]),
      ),
    ).toBe(0.5);
  });

  it("are undefined where nothing can be said", () => {
    for (const score of [areaUnderCurve, averagePrecision, brierSkill]) {
      expect(score([])).toBeUndefined();
      expect(score(scored([[0.3, false]]))).toBeUndefined();
    }
    expect(calibrationError([])).toBe(0);
  });
});

const Board = schema({
  cards: map<Record<string, number>>(),
  title: register<string>(),
  votes: multiMap<Record<string, string>>(),
});

describe("a document that is followed", () => {
  async function write(isFollowed: boolean): Promise<{ digest: string; warned: string[]; hot: string[] }> {
    const here = await createReplica({ id: "00000000000000aa", engine: "baseline" });
    const there = await createReplica({ id: "00000000000000bb", engine: "baseline" });
    const mine = await here.open("board", Board);
    const theirs = await there.open("board", Board);
    const predictor = new ConflictPredictor({ horizonMs: 60_000 });
    let nowMs = 1_000_000;
    const platform = { now: () => nowMs };
    const warned: string[] = [];
    const options = {
      predictor,
      platform,
      onWarning: ({ container, key }: { container: string; key: string }) =>
        warned.push(`${container} ${key}`),
    };
    if (isFollowed) followConflicts(mine, options);
    for (let round = 0; round < 20; round++) {
      nowMs += 5_000;
      theirs.cards.set("hot", round);
      theirs.title.set(`round ${round}`);
      mine.merge(theirs.deltaSince(mine.versionVector()));
      mine.cards.set("hot", -round);
      mine.cards.set(`cold ${round}`, round);
      mine.votes.set("best", `v${round}`);
    }
    const hot = hotPlaces(options, 2).map(
      ({ document, container, key }) => `${document} ${container} ${key}`,
    );
    if (isFollowed) {
      const chance = (key: string) => conflictProbability(mine, { container: "cards", key }, options);
      expect(chance("hot")).toBeGreaterThan(chance("cold 1") + 0.3);
    }
    const digest = JSON.stringify(mine.toJSON());
    await here.close();
    await there.close();
    return { digest, warned, hot };
  }

  it("warns of the key others write, names what to sync sooner, and stays what it was", async () => {
    const followed = await write(true);
    expect(followed.warned.length).toBeGreaterThan(5);
    expect(new Set(followed.warned)).toEqual(new Set(["cards hot"]));
    expect(followed.hot.sort()).toEqual(["board cards hot", "board title "]);
    expect((await write(false)).digest).toBe(followed.digest);
  });
});

describe("a finer type", () => {
  it("is suggested once conflicts are surely frequent, and keeps what the value means", () => {
    const of = (writes: number, conflicts: number) =>
      suggestFinerType({ type: "map", valueKind: "number", writes, conflicts });
    expect(of(0, 0)).toBeUndefined();
    expect(of(3, 1)?.type).toBe("counter");
    expect(of(1_000, 10)).toBeUndefined();
    expect(of(1_000, 100)).toMatchObject({ type: "counter", conflictRateMin: expect.closeTo(0.083, 2) });
    const types = (["object", "array", "other"] as const).map(
      (valueKind) => suggestFinerType({ type: "register", valueKind, writes: 9, conflicts: 9 })?.type,
    );
    expect(types).toEqual(["map", "list", "multi-value"]);
    expect(suggestFinerType({ type: "map", valueKind: "other", writes: 9, conflicts: 9 })?.type).toBe(
      "multi-map",
    );
  });
});
