// What a series forgets by itself or when told: a function of the points alone, so the same on every replica whatever
// came when, undone with its transaction, and never what should stay.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counter, type Document, schema, series } from "../../host/index.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({ metrics: series(), visits: counter() });
type Home = Document<typeof Home>;

describe.each(ENGINES)("series on $name", (engine) => {
  const one = async (documentSchema = Home) => {
    const member = await createMember(engine);
    return { ...member, home: (await member.replica.open("home", documentSchema)) as Home };
  };

  describe("retention by points", () => {
    const Limited = schema({ metrics: series({ retain: { points: 5 } }), visits: counter() });

    it("shows the newest by time, whatever the order of insertion and on every replica", async () => {
      for (const order of [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
        [5, 0, 9, 1, 8, 2, 7, 3, 6, 4],
      ]) {
        const { documents } = await openGroup(engine, Limited, 3);
        for (const [index, time] of order.entries()) {
          documents[index % 3]!.metrics.append("cpu", time, time);
          if (index % 4 === 0) pass(documents[index % 3]!, documents[(index + 1) % 3]!);
        }
        converge(...documents);
        for (const { metrics } of documents) {
          expect([...metrics.range("cpu").times]).toEqual([5, 6, 7, 8, 9]);
          expect([...metrics.range("cpu", { from: 3, to: 6 }).times]).toEqual([5, 6]);
          expect([...metrics.latest("cpu", 9).times]).toEqual([5, 6, 7, 8, 9]);
          expect(metrics.aggregate()).toMatchObject({ count: 5, sum: 35, first: 5, last: 9 });
          expect(metrics.windows({ widthMs: 4 })[0]!.count).toEqual([3, 2]);
          expect(metrics.size).toBe(5);
          expect(metrics.quantiles([0])[0]).toBeCloseTo(5, 1);
          expect(metrics.toCSV().split("\n").length).toBe(7);
        }
      }
    });

    it("is a matter of each label, and keeps points that share the time of the last one kept", async () => {
      const { home } = await one(Limited);
      home.metrics.appendMany("many", [1, 2, 3, 3, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7, 8]);
      home.metrics.appendMany("few", [1, 2], [1, 2]);
      expect([...home.metrics.range("many").values]).toEqual([3, 4, 5, 6, 7, 8]);
      expect([...home.metrics.range("few").times]).toEqual([1, 2]);
      expect(home.metrics.size).toBe(8);
      expect(home.metrics.aggregate().count).toBe(8);
    });

    it("gives memory back once twice as many are held", async () => {
      const { home } = await one(Limited);
      for (let time = 1; time <= 9; time++) {
        home.metrics.append("cpu", time, time);
        expect(home.metrics.size).toBe(Math.min(time, 5));
      }
      expect(home.statistics().entries).toBe(9);
      home.metrics.append("cpu", 10, 10);
      expect([...home.metrics.range("cpu").times]).toEqual([6, 7, 8, 9, 10]);
      expect(home.statistics().entries).toBe(6);
      for (let time = 11; time <= 500; time++) {
        home.metrics.append("cpu", time, time);
        home.metrics.latest("cpu");
        expect(home.statistics().entries).toBeLessThanOrEqual(11);
      }
    });

    it("counts what came by merges, and does not ask for ever where times are equal", async () => {
      const { documents } = await openGroup(engine, Limited, 2);
      const [home, other] = documents as [Home, Home];
      home.metrics.append("cpu", 1, 1);
      other.metrics.appendMany("cpu", [2, 3, 4, 5, 6], [2, 3, 4, 5, 6]);
      expect(home.metrics.size).toBe(1);
      pass(other, home);
      for (let time = 7; time <= 10; time++) home.metrics.append("cpu", time, time);
      expect(home.metrics.size).toBe(5);
      expect(home.statistics().entries).toBeLessThanOrEqual(3);
      for (let round = 0; round < 40; round++) {
        home.metrics.append("same", 7, round);
        home.metrics.latest("same");
      }
      expect(home.metrics.range("same").times.length).toBe(40);
    });

    it("moves on with what merges bring", async () => {
      const { documents } = await openGroup(engine, Limited, 2);
      const [home, other] = documents as [Home, Home];
      home.metrics.appendMany("cpu", [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]);
      expect(home.metrics.range("cpu").times[0]).toBe(1);
      other.metrics.appendMany("cpu", [6, 7], [6, 7]);
      pass(other, home);
      expect([...home.metrics.range("cpu").times]).toEqual([3, 4, 5, 6, 7]);
      other.metrics.appendMany("cpu", [8], [8]);
      home.load(other.snapshot());
      expect(home.metrics.range("cpu").times[0]).toBe(4);
    });

    it("is undone with its transaction", async () => {
      const { home } = await one(Limited);
      home.metrics.appendMany("cpu", [1, 2, 3, 4], [1, 2, 3, 4]);
      const before = home.digest();
      expect(() =>
        home.transact(() => {
          home.metrics.appendMany(
            "cpu",
            Array.from({ length: 20 }, (_, index) => 10 + index),
            new Array(20).fill(0),
          );
          expect(home.metrics.size).toBe(5);
          throw new Error("stop");
        }),
      ).toThrow("stop");
      expect(home.digest()).toBe(before);
      for (let time = 5; time <= 9; time++) {
        home.metrics.append("cpu", time, time);
        home.metrics.latest("cpu");
      }
      expect([...home.metrics.range("cpu").times]).toEqual([5, 6, 7, 8, 9]);
      expect(home.statistics().entries).toBe(6);
    });

    it("is part of what a container is", async () => {
      const { replica } = await one(Limited);
      await expect(replica.open("home", Home)).rejects.toMatchObject({ code: "container-type" });
      await replica.open("home", schema({ metrics: series({ retain: { points: 5 } }) }));
    });
  });

  describe("retention by time", () => {
    it("forgets all before a time, of one label or of all, here, elsewhere and later", async () => {
      const { documents } = await openGroup(engine, Home, 2);
      const [home, other] = documents as [Home, Home];
      for (const label of ["a", "b"]) home.metrics.appendMany(label, [1, 2, 3, 4], [1, 2, 3, 4]);
      converge(home, other);
      expect(home.metrics.retain({ beforeMs: 3, label: "a" })).toBe(true);
      expect(home.metrics.retain({ beforeMs: 3, label: "a" })).toBe(false);
      expect(home.metrics.retain({ beforeMs: 2, label: "a" })).toBe(false);
      expect(home.metrics.retain({ beforeMs: 2 })).toBe(true);
      other.metrics.appendMany("a", [2, 5], [2, 5]);
      converge(home, other);
      home.metrics.append("a", 2, 2);
      for (const { metrics } of [home, other]) {
        expect([...metrics.range("a").times]).toEqual([3, 4, 5]);
        expect([...metrics.range("b").times]).toEqual([2, 3, 4]);
        expect(metrics.size).toBe(6);
      }
      converge(home, other);
      expect(home.digest()).toBe(other.digest());
    });

    it("by age follows the clock in steps", async () => {
      const Aged = schema({ metrics: series({ retain: { ageMs: 1600 } }), visits: counter() });
      const { home, platform } = await one(Aged);
      const start = platform.nowMs;
      for (let step = 0; step < 100; step++) {
        platform.nowMs = start + step * 50;
        home.metrics.append("cpu", platform.nowMs, step);
        const { times } = home.metrics.range("cpu");
        expect(platform.nowMs - times[0]!).toBeLessThanOrEqual(1600 + 100);
        expect(times.length).toBeGreaterThanOrEqual(Math.min(step + 1, 32));
      }
      expect(home.statistics().entries).toBeLessThanOrEqual(36);
      // Marks: the first one, and one each 100 ms. Joined chunks: one each sixteen points.
      expect(home.versionVector().rows()[0]![1]).toBe(100 + 50 + 6);
    });
  });

  it("by points never shows what a plain list would not, whatever is read and undone in between", async () => {
    const Limited = schema({ metrics: series({ retain: { points: 3 } }) });
    const step = fc.record({
      kind: fc.constantFrom("append", "read", "pass", "undo", "retain"),
      who: fc.nat(1),
      label: fc.constantFrom("a", "b"),
      time: fc.integer({ min: 0, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { documents } = await openGroup(engine, Limited, 2);
        /** What each replica knows: points by their own name, and the marks. */
        const known = documents.map(() => ({ points: new Map<number, [string, number]>(), mark: -Infinity }));
        const check = (who: number) => {
          for (const label of ["a", "b"]) {
            const { points, mark } = known[who]!;
            const times = [...points.values()].filter(([own, time]) => own === label && time >= mark);
            const newest = times.map(([, time]) => time).sort((left, right) => left - right);
            const shown = newest.filter((time) => time >= (newest.at(-3) ?? -Infinity));
            const { metrics } = documents[who]!;
            expect([...metrics.range(label).times]).toEqual(shown);
            expect([...metrics.latest(label, 2).times]).toEqual(shown.slice(-2));
            expect(metrics.aggregate({ labels: [label], from: 4 }).count).toBe(
              shown.filter((time) => time >= 4).length,
            );
          }
        };
        for (const [index, { kind, who, label, time }] of steps.entries()) {
          const { metrics } = documents[who]!;
          if (kind === "append") {
            metrics.append(label, time, index);
            known[who]!.points.set(index, [label, time]);
          } else if (kind === "read") {
            check(who);
          } else if (kind === "pass") {
            pass(documents[1 - who]!, documents[who]!);
            for (const [name, point] of known[1 - who]!.points) known[who]!.points.set(name, point);
            known[who]!.mark = Math.max(known[0]!.mark, known[1]!.mark);
          } else if (kind === "retain") {
            metrics.retain({ beforeMs: time - 6 });
            known[who]!.mark = Math.max(known[who]!.mark, time - 6);
          } else {
            const undone = () =>
              documents[who]!.transact(() => {
                for (let more = 0; more < 8; more++) metrics.append(label, time + more, more);
                metrics.range(label);
                throw new Error("stop");
              });
            expect(undone).toThrow("stop");
          }
        }
        check(0);
        check(1);
      }),
      { numRuns: 60 },
    );
  });
});
