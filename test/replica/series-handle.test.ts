// Series through the public API: points are kept, ordered, forgotten and summed up the same on every replica, however
// they came there.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Change,
  counter,
  createReplica,
  type Document,
  loadEngine,
  type SeriesPoints,
  schema,
  series,
} from "../../host/index.ts";
import { SERIES_FILLED_WINDOWS_MAX } from "../../host/limits.ts";
import { createSimulatedPlatform } from "../platform/simulated-platform.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({ metrics: series(), visits: counter() });
type Home = Document<typeof Home>;

const rowsOf = ({ times, values }: SeriesPoints) =>
  Array.from(times, (time, index) => [time, values[index]!] as const);

describe.each(ENGINES)("series on $name", (engine) => {
  const one = async (documentSchema = Home) => {
    const member = await createMember(engine);
    return { ...member, home: (await member.replica.open("home", documentSchema)) as Home };
  };
  const refused = (message: string | RegExp, code = "invalid-argument") =>
    expect.objectContaining({
      code,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });

  describe("reads", () => {
    it("give points in order of time, whatever the order they came in", async () => {
      const { home } = await one();
      for (const time of [30, 10, 20]) home.metrics.append("cpu", time, time / 10);
      home.metrics.appendMany("cpu", [25, 5], Float64Array.of(2.5, 0.5));
      expect(rowsOf(home.metrics.range("cpu"))).toEqual([
        [5, 0.5],
        [10, 1],
        [20, 2],
        [25, 2.5],
        [30, 3],
      ]);
      expect(home.metrics.size).toBe(5);
      expect(rowsOf(home.metrics.range("none"))).toEqual([]);
    });

    it("include both ends of a range", async () => {
      const { home } = await one();
      for (let time = 0; time <= 100; time += 10) home.metrics.append("cpu", time, time);
      expect([...home.metrics.range("cpu", { from: 20, to: 50 }).times]).toEqual([20, 30, 40, 50]);
      expect([...home.metrics.range("cpu", { from: 20, to: 50, last: 2 }).times]).toEqual([40, 50]);
      expect([...home.metrics.range("cpu", { from: 91 }).times]).toEqual([100]);
      expect([...home.metrics.range("cpu", { to: 9 }).times]).toEqual([0]);
      expect([...home.metrics.range("cpu", { from: 60, to: 50 }).times]).toEqual([]);
      expect([...home.metrics.range("cpu", { last: 0 }).times]).toEqual([]);
      expect([...home.metrics.latest("cpu").times]).toEqual([100]);
      expect([...home.metrics.latest("cpu", 3).values]).toEqual([80, 90, 100]);
      expect([...home.metrics.latest("cpu", 1000).times].length).toBe(11);
      expect([...home.metrics.latest("cpu", 0).times]).toEqual([]);
    });

    it("sum up", async () => {
      const { home } = await one();
      home.metrics.appendMany("cpu", [1, 2, 3, 4, 5], [20, 10, 30, 50, 40]);
      expect(home.metrics.aggregate({ labels: ["cpu"] })).toEqual({
        count: 5,
        sum: 150,
        mean: 30,
        min: 10,
        max: 50,
        first: 20,
        last: 40,
        variance: 200,
      });
      expect(home.metrics.aggregate({ from: 2, to: 3 })).toMatchObject({
        count: 2,
        sum: 40,
        first: 10,
        last: 30,
      });
      expect(home.metrics.aggregate({ labels: [] })).toMatchObject({ count: 0, sum: 0, mean: undefined });
      expect(home.metrics.aggregate({ labels: ["none"] })).toMatchObject({ count: 0, min: undefined });
    });

    it("take several labels as one, the ends by time", async () => {
      const { home } = await one();
      home.metrics.appendMany("b", [3, 9], [3, 9]);
      home.metrics.appendMany("a", [5, 9], [5, 10]);
      home.metrics.appendMany("c", [4], [4]);
      expect(home.metrics.labels()).toEqual(["a", "b", "c"]);
      expect(home.metrics.aggregate()).toMatchObject({
        count: 5,
        sum: 31,
        min: 3,
        max: 10,
        first: 3,
        last: 9,
      });
      expect(home.metrics.aggregate({ labels: ["b", "a", "b"] })).toMatchObject({
        count: 4,
        first: 3,
        last: 10,
      });
    });

    it("keep numbers bit for bit and labels as they are", async () => {
      const { home } = await one();
      const labels = ["", "läbel \u{1F600}", "\ud800", "a,b"];
      for (const label of labels) home.metrics.appendMany(label, [-0, 1, 2], [-0, Infinity, -Infinity]);
      expect(home.metrics.labels().sort()).toEqual([...labels].sort());
      for (const label of labels) {
        const { times, values } = home.metrics.range(label);
        expect([...times]).toEqual([0, 1, 2]);
        expect([...values]).toEqual([-0, Infinity, -Infinity]);
      }
      const edge = Number.MAX_SAFE_INTEGER;
      home.metrics.appendMany("edge", [edge, -edge], [1, 2]);
      expect([...home.metrics.range("edge").times]).toEqual([-edge, edge]);
      expect(home.metrics.aggregate({ labels: ["edge"] })).toMatchObject({ first: 2, last: 1 });
    });

    it("are copies that stay as they are", async () => {
      const { home } = await one();
      home.metrics.append("cpu", 1, 1);
      const before = home.metrics.range("cpu");
      home.metrics.append("cpu", 2, 2);
      home.metrics.range("cpu").values[0] = 9;
      expect(rowsOf(before)).toEqual([[1, 1]]);
      expect(rowsOf(home.metrics.range("cpu"))).toEqual([
        [1, 1],
        [2, 2],
      ]);
    });

    it("give quantiles within the relative error", async () => {
      const { home } = await one();
      const values = Array.from({ length: 1000 }, (_, index) => 1 + index);
      for (const label of ["a", "b"]) {
        home.metrics.appendMany(label, values, values);
      }
      const found = home.metrics.quantiles([0, 0.5, 0.99, 1]);
      for (const [index, exact] of [1, 500.5, 990.01, 1000].entries()) {
        expect(Math.abs(found[index]! - exact)).toBeLessThanOrEqual(exact / 256 + 1);
      }
      expect(home.metrics.quantiles([0.5], { labels: ["a"], from: 7, to: 7 })[0]).toBeCloseTo(7, 1);
      expect(home.metrics.quantiles([0.5], { labels: [] })).toEqual([undefined]);
      expect(home.metrics.quantiles([])).toEqual([]);
    });

    it("downsample", async () => {
      const { home } = await one();
      const times = Array.from({ length: 1000 }, (_, index) => index);
      const values = times.map((time) => (time === 617 ? 100 : Math.sin(time / 50)));
      home.metrics.appendMany("cpu", times, values);
      for (const method of ["lttb", "min-max"] as const) {
        const few = home.metrics.downsample("cpu", { points: 50, method });
        expect(few.times.length).toBeLessThanOrEqual(50);
        expect(few.times.length).toBeGreaterThan(40);
        expect(rowsOf(few)).toContainEqual([617, 100]);
      }
      const part = home.metrics.downsample("cpu", { points: 3, from: 10, to: 20 });
      expect([part.times[0], part.times[2]]).toEqual([10, 20]);
    });

    it("write lines that programs for tables read", async () => {
      const { home } = await one();
      home.metrics.append('a,"b"', 1, 0.5);
      home.metrics.append("cpu", 1, 1e-7);
      home.metrics.append("cpu", 2, -Infinity);
      expect(home.metrics.toCSV()).toBe('label,time,value\n"a,""b""",1,0.5\ncpu,1,1e-7\ncpu,2,-Infinity\n');
      expect(home.metrics.toCSV({ labels: ["cpu"], from: 2 })).toBe("label,time,value\ncpu,2,-Infinity\n");
    });

    it("are summed up in JSON", async () => {
      const { home } = await one();
      home.metrics.appendMany("cpu", [5, 7, 6], [1, 2, 6]);
      home.metrics.append("__proto__", 1, 1);
      const { cpu } = home.metrics.toJSON();
      expect(cpu).toEqual({ count: 3, mean: 3, min: 1, max: 6, last: 2, from: 5, to: 7 });
      expect(Object.keys(JSON.parse(JSON.stringify(home)).metrics)).toEqual(["__proto__", "cpu"]);
    });
  });

  describe("windows", () => {
    it("aggregate label by label, or by group", async () => {
      const { home } = await one();
      home.metrics.appendMany("a/cpu", [0, 5, 9, 10, 35], [1, 2, 3, 4, 5]);
      home.metrics.appendMany("b/cpu", [4, 12], [10, 20]);
      const [first, second] = home.metrics.windows({ widthMs: 10 });
      expect(first).toEqual({
        group: "a/cpu",
        labels: ["a/cpu"],
        starts: Float64Array.of(0, 10, 30),
        count: [3, 1, 1],
        sum: [6, 4, 5],
        mean: [2, 4, 5],
        min: [1, 4, 5],
        max: [3, 4, 5],
      });
      expect(second).toMatchObject({ group: "b/cpu", mean: [10, 20] });
      const group = (label: string) => label.split("/")[1]!;
      const ends = ["first", "last", "variance", "count"] as const;
      expect(home.metrics.windows({ widthMs: 10, from: 4, to: 30, group, aggregates: ends })).toEqual([
        {
          group: "cpu",
          labels: ["a/cpu", "b/cpu"],
          starts: Float64Array.of(0, 10),
          first: [10, 4],
          last: [3, 20],
          variance: [expect.closeTo(38 / 3, 9), 64],
          count: [3, 2],
        },
      ]);
      expect(home.metrics.windows({ widthMs: 10, origin: 3, labels: ["a/cpu"] })[0]!.starts).toEqual(
        Float64Array.of(-7, 3, 33),
      );
    });

    it("fill gaps as asked", async () => {
      const { home } = await one();
      home.metrics.appendMany("a", [10, 40], [2, 8]);
      home.metrics.appendMany("b", [20], [5]);
      const means = (fill: "none" | "null" | "previous" | "linear") =>
        home.metrics.windows({ widthMs: 10, fill, aggregates: ["mean"] }).map(({ mean }) => mean);
      expect(means("none")).toEqual([[2, 8], [5]]);
      expect(means("null")).toEqual([
        [2, null, null, 8],
        [null, 5, null, null],
      ]);
      expect(means("previous")).toEqual([
        [2, 2, 2, 8],
        [null, 5, 5, 5],
      ]);
      expect(means("linear")).toEqual([
        [2, 4, 6, 8],
        [null, 5, null, null],
      ]);
      const [none] = home.metrics.windows({ labels: ["none"], from: 0, to: 25, widthMs: 10, fill: "null" });
      expect(none).toMatchObject({ group: "none", mean: [null, null, null], count: [0, 0, 0] });
    });
  });

  describe("writes", () => {
    it("of one turn make one chunk a label, read at once", async () => {
      const { home } = await one();
      for (let time = 0; time < 100; time++) {
        home.metrics.append("a", time, 1);
        home.metrics.append("b", time, 2);
      }
      expect(home.metrics.size).toBe(200);
      expect(home.statistics().entries).toBe(2);
      home.metrics.append("a", 100, 1);
      await new Promise(setImmediate);
      expect(home.statistics().entries).toBe(3);
    });

    it("are in whatever leaves the document", async () => {
      const { documents } = await openGroup(engine, Home, 2);
      const [home, other] = documents as [Home, Home];
      home.metrics.append("a", 1, 1);
      expect(home.versionVector().rows().length).toBe(1);
      home.metrics.append("a", 2, 1);
      pass(home, other);
      expect(other.metrics.size).toBe(2);
      home.metrics.append("a", 3, 1);
      other.metrics.append("a", 4, 1);
      other.load(home.snapshot());
      expect(other.metrics.size).toBe(4);
      converge(home, other);
      expect(home.digest()).toBe(other.digest());
    });

    it("of a transaction come and go together", async () => {
      const { home } = await one();
      home.metrics.append("a", 0, 0);
      expect(() =>
        home.transact(() => {
          home.visits.increment();
          home.metrics.append("a", 1, 1);
          expect(home.metrics.size).toBe(2);
          home.metrics.append("a", 2, 2);
          home.metrics.append("b", 2, 2);
          throw new Error("stop");
        }),
      ).toThrow("stop");
      await new Promise(setImmediate);
      expect(rowsOf(home.metrics.range("a"))).toEqual([[0, 0]]);
      expect([home.metrics.labels(), home.visits.value]).toEqual([["a"], 0]);
      const before = home.statistics().entries;
      home.transact(() => {
        for (let time = 1; time <= 10; time++) home.metrics.append("a", time, time);
        home.visits.increment();
        home.metrics.appendMany("a", [11, 12], [11, 12]);
      });
      expect(home.metrics.size).toBe(13);
      expect(home.statistics().entries).toBe(before + 2);
    });

    it("may be more than one chunk holds, from typed arrays of any kind", async () => {
      const { home } = await one();
      const count = 150_000;
      const times = Float64Array.from({ length: count }, (_, index) => count - index);
      home.metrics.appendMany("cpu", times, new Float32Array(count).fill(0.5));
      expect(home.metrics.aggregate({ labels: ["cpu"] })).toMatchObject({ count, sum: count / 2 });
      const read = home.metrics.range("cpu").times;
      expect([read.length, read[0], read[count - 1]]).toEqual([count, 1, count]);
      home.metrics.appendMany("cpu", Int32Array.of(-1), Uint8Array.of(3));
      expect(rowsOf(home.metrics.range("cpu", { to: 0 }))).toEqual([[-1, 3]]);
    });

    it("that are wrong change nothing and say what is wrong", async () => {
      const { home } = await one();
      const { metrics } = home;
      const bad = (value: unknown) => value as number;
      expect(() => metrics.append("a", 1.5, 1)).toThrow(
        refused("metrics.append: time 1.5 is no integer within ±(2^53 − 1); give whole milliseconds"),
      );
      expect(() => metrics.append("a", 2 ** 53, 1)).toThrow(refused(/time 9007199254740992 is no integer/));
      expect(() => metrics.append("a", 1, Number.NaN)).toThrow(refused(/value NaN is no measurement/));
      expect(() => metrics.append("a", 1, bad("7"))).toThrow(refused(/value "7" is no measurement/));
      expect(() => metrics.append(7 as unknown as string, 1, 1)).toThrow(refused(/the label is 7/));
      expect(() => metrics.appendMany("a", [1, 2, 3], [1, 2])).toThrow(refused(/3 times for 2 values/));
      expect(() => metrics.appendMany("a", [1, 2, 3], [1, 2, Number.NaN])).toThrow(
        refused(/^metrics\.appendMany: value NaN at index 2 is no measurement/),
      );
      expect(() => metrics.appendMany("a", [1, bad(undefined)], [1, 2])).toThrow(
        refused(/time undefined at index 1 is no integer/),
      );
      expect(() => metrics.appendMany("a", BigInt64Array.of(1n) as unknown as number[], [1])).toThrow(
        refused(/time 1 at index 0/),
      );
      expect(() => metrics.appendMany("a", "12" as unknown as number[], [1, 2])).toThrow(
        refused(/times is "12"/),
      );
      expect(() => metrics.append("x".repeat(65_535), 1, 1)).toThrow(
        refused(
          "a label of 65535 bytes, at most 65534; a label names a series, keep data in its values",
          "limit-exceeded",
        ),
      );
      expect(() => metrics.retain({ beforeMs: 0.5 })).toThrow(
        refused(/metrics\.retain: beforeMs 0.5 is no integer/),
      );
      metrics.append("x".repeat(65_534), 1, 1);
      metrics.appendMany("a", [], []);
      expect([metrics.size, home.statistics().entries]).toEqual([1, 1]);
    });

    it("are refused once the document is closed", async () => {
      const { home } = await one();
      home.metrics.append("a", 1, 1);
      await home.close();
      expect(() => home.metrics.append("a", 2, 1)).toThrow(
        expect.objectContaining({ code: "document-closed" }),
      );
    });
  });

  it("refuses questions that make no sense", async () => {
    const { metrics } = (await one()).home;
    metrics.append("a", 1, 1);
    const bad = (value: unknown) => value as never;
    expect(() => metrics.range("a", { from: 0.1 })).toThrow(
      refused(/^metrics\.range: from 0\.1 is no integer/),
    );
    expect(() => metrics.range("a", { to: Infinity })).toThrow(refused(/to Infinity/));
    expect(() => metrics.range("a", { last: -1 })).toThrow(
      refused("metrics.range: last -1 is no count; give an integer from 0"),
    );
    expect(() => metrics.latest("a", 1.5)).toThrow(refused(/count 1\.5 is no count/));
    expect(() => metrics.aggregate({ labels: bad("a") })).toThrow(refused(/labels is "a"; give an array/));
    expect(() => metrics.aggregate({ labels: bad([7]) })).toThrow(refused(/the label is 7/));
    expect(() => metrics.quantiles([0.5, 1.5])).toThrow(
      refused(/probability 1\.5 at index 1 lies outside 0 to 1/),
    );
    expect(() => metrics.downsample("a", { points: 1 })).toThrow(
      refused(/points 1 is no count; give an integer from 2/),
    );
    expect(() => metrics.downsample("a", { points: 9, method: bad("mean") })).toThrow(
      refused('metrics.downsample: method is "mean"; give one of lttb, min-max'),
    );
    expect(() => metrics.windows({ widthMs: 0 })).toThrow(
      refused(/widthMs 0 is no count; give an integer from 1/),
    );
    expect(() => metrics.windows({ widthMs: 1, origin: 0.5 })).toThrow(refused(/origin 0\.5/));
    expect(() => metrics.windows({ widthMs: 1, fill: bad("zero") })).toThrow(
      refused(/fill is "zero"; give one of none/),
    );
    expect(() => metrics.windows({ widthMs: 1, aggregates: [bad("median")] })).toThrow(
      refused(/an aggregate is "median"; give one of count, sum/),
    );
    expect(() =>
      metrics.windows({ widthMs: 1, from: 0, to: SERIES_FILLED_WINDOWS_MAX, fill: "null" }),
    ).toThrow(refused(/windows of 1 ms with the gaps/, "limit-exceeded"));
    expect(() => series({ retain: { points: 0 } })).toThrow(refused(/retain\.points 0 is no count/));
    expect(() => series({ retain: { ageMs: bad("1h") } })).toThrow(refused(/retain\.ageMs "1h"/));
    expect(() => series({ retain: bad(7) })).toThrow(refused("series: retain is 7; give { points, ageMs }"));
  });

  describe("replicas", () => {
    it("keep both of two points at one time, in one order", async () => {
      const { documents } = await openGroup(engine, Home, 2);
      const [home, other] = documents as [Home, Home];
      other.metrics.append("cpu", 5, 2);
      home.metrics.append("cpu", 5, 1);
      converge(home, other);
      const rows = [
        [5, 1],
        [5, 2],
      ];
      expect([rowsOf(home.metrics.range("cpu")), rowsOf(other.metrics.range("cpu"))]).toEqual([rows, rows]);
      expect(home.metrics.aggregate()).toEqual(other.metrics.aggregate());
    });

    it("agree to the bit on all they say, whatever came in which order", async () => {
      const point = fc.tuple(
        fc.constantFrom("a", "b", "a/b"),
        fc.integer({ min: 0, max: 99 }),
        fc.double({ noNaN: true }),
      );
      const step = fc.tuple(fc.nat(2), fc.array(point, { maxLength: 12 }), fc.nat(2));
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.boolean(), async (steps, isLimited) => {
          const Group = schema({ metrics: series(isLimited ? { retain: { points: 3 } } : {}) });
          const { documents } = await openGroup(engine, Group, 3);
          for (const [writer, points, reader] of steps) {
            for (const point of points) documents[writer]!.metrics.append(...point);
            if (writer !== reader) pass(documents[writer]!, documents[reader]!);
          }
          converge(...documents);
          const [first, ...others] = documents.map(({ metrics }) => ({
            points: metrics.labels().map((label) => rowsOf(metrics.range(label))),
            all: metrics.aggregate(),
            windows: metrics.windows({
              widthMs: 10,
              group: () => "all",
              aggregates: ["mean", "variance", "first", "last"],
            }),
            quantiles: metrics.quantiles([0.1, 0.5]),
            size: metrics.size,
            json: metrics.toJSON(),
          }));
          for (const other of others) expect(other).toEqual(first);
          expect(first!.size).toBe(first!.points.flat().length);
          expect(first!.all.count).toBe(first!.size);
        }),
        { numRuns: 25 },
      );
    });
  });

  describe("change events", () => {
    const open = async () => {
      const { documents } = await openGroup(engine, Home, 2);
      const [home, other] = documents as [Home, Home];
      const heard: Change[] = [];
      home.subscribe((change) => heard.push(change));
      return { home, other, take: () => heard.splice(0) };
    };
    const change = (origin: "local" | "remote", rest: object) => ({
      container: "metrics",
      type: "series",
      origin,
      appended: [],
      isTruncated: false,
      ...rest,
    });

    it("name labels and the times they span", async () => {
      const { home, other, take } = await open();
      home.metrics.append("a", 5, 1);
      home.metrics.appendMany("a", [9, 7, 8], [1, 1, 1]);
      home.transact(() => {
        home.metrics.append("b", 3, 1);
        home.metrics.append("a", 2, 1);
        home.metrics.append("b", 1, 1);
      });
      home.metrics.retain({ beforeMs: 2 });
      home.metrics.retain({ beforeMs: 1 });
      expect(take()).toEqual([
        change("local", { appended: [{ label: "a", from: 5, to: 5 }] }),
        change("local", { appended: [{ label: "a", from: 7, to: 9 }] }),
        change("local", {
          appended: [
            { label: "b", from: 1, to: 3 },
            { label: "a", from: 2, to: 2 },
          ],
        }),
        change("local", { isTruncated: true }),
      ]);
      other.metrics.appendMany("c", [40, 30], [1, 1]);
      other.metrics.append("", 7, 1);
      pass(other, home);
      expect(take()).toEqual([
        change("remote", {
          appended: expect.arrayContaining([
            { label: "c", from: 30, to: 40 },
            { label: "", from: 7, to: 7 },
          ]),
        }),
      ]);
      other.metrics.retain({ beforeMs: 31, label: "c" });
      pass(other, home);
      expect(take()).toEqual([change("remote", { isTruncated: true })]);
      pass(other, home);
      expect(take()).toEqual([]);
    });

    it("say nothing of what a transaction undid", async () => {
      const { home, take } = await open();
      expect(() =>
        home.transact(() => {
          home.metrics.append("a", 1, 1);
          throw new Error("stop");
        }),
      ).toThrow();
      home.metrics.append("b", 2, 1);
      expect(take()).toEqual([change("local", { appended: [{ label: "b", from: 2, to: 2 }] })]);
    });

    it("may be answered by reads and writes", async () => {
      const { home } = await open();
      const sizes: number[] = [];
      home.subscribe((event) => {
        if (event.type !== "series") return;
        sizes.push(home.metrics.size);
        if (sizes.length === 1) home.metrics.append("answer", 1, 1);
      });
      home.metrics.append("a", 1, 1);
      expect(sizes).toEqual([1, 2]);
    });
  });

  it("is there again after a restart from its store", async () => {
    const platform = createSimulatedPlatform(77);
    const Limited = schema({ metrics: series({ retain: { points: 50 } }) });
    const run = async () => {
      const replica = await createReplica({
        engine: await loadEngine({ engine: engine.name }),
        platform,
        storage: "disk",
      });
      return { replica, home: await replica.open("home", Limited) };
    };
    const first = await run();
    for (let turn = 0; turn < 30; turn++) {
      for (let point = 0; point < 4; point++) first.home.metrics.append("cpu", turn * 4 + point, turn / 7);
      first.home.metrics.append("mem", turn, turn);
      await new Promise(setImmediate);
    }
    first.home.metrics.append("mem", 1000, 1);
    const before = {
      points: rowsOf(first.home.metrics.range("cpu")),
      json: first.home.metrics.toJSON(),
      digest: first.home.digest(),
    };
    expect(before.points.length).toBe(50);
    await first.home.durable();
    await first.replica.close();
    const second = await run();
    expect({
      points: rowsOf(second.home.metrics.range("cpu")),
      json: second.home.metrics.toJSON(),
      digest: second.home.digest(),
    }).toEqual(before);
    second.home.metrics.append("cpu", 5000, 1);
    expect(second.home.metrics.latest("cpu").times[0]).toBe(5000);
    await second.replica.close();
  });
});
