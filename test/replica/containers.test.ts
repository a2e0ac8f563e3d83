// Every container through the public API, alone and merged, on both engines.
import { describe, expect, it } from "vitest";
import { counter, flag, log, map, register, schema, set, type Value } from "../../host/index.ts";
import { converge, ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({
  visits: counter(),
  title: register<Value>(),
  settings: map<Record<string, Value>>(),
  tags: set<Value>(),
  on: flag(),
  events: log<Value>(),
});

/** Values that must stay apart and come back as they went in. */
const DISTINCT: readonly Value[] = [
  "007",
  7,
  7.5,
  7n,
  "7",
  true,
  null,
  "1_000",
  "NaN",
  Number.NaN,
  0,
  -0,
  Infinity,
  -Infinity,
  [1, "1"],
  ["1", 1],
  { a: 1 },
  '{"a":1}',
  "\ud800",
  "\udc00",
  "__proto__",
  "",
  "😀",
  new Uint8Array([1, 2]),
  2n ** 70n,
  5e-324,
];

describe.each(ENGINES)("on $name", (engine) => {
  const pair = () => openGroup(engine, Home, 2);
  const alone = async () => (await openGroup(engine, Home, 1)).documents[0]!;

  describe("a counter", () => {
    it("adds and takes away", async () => {
      const home = await alone();
      expect(home.visits.value).toBe(0);
      home.visits.increment(5);
      home.visits.increment(3);
      expect(home.visits.value).toBe(8);
      home.visits.decrement(2);
      home.visits.increment();
      home.visits.decrement();
      expect(home.visits.value).toBe(6);
      expect(home.visits.toJSON()).toBe(6);
    });

    it("sums replicas once, however often they are merged", async () => {
      const { documents } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      first.visits.increment(10);
      first.visits.decrement(3);
      second.visits.increment(5);
      second.visits.decrement(2);
      expect(second.visits.value).toBe(3);
      converge(first, second);
      converge(first, second);
      expect([first.visits.value, second.visits.value]).toEqual([10, 10]);
      expect(first.visits.breakdown().map(({ plus, minus }) => [plus, minus])).toEqual([
        [10, 3],
        [5, 2],
      ]);
      expect(first.visits.breakdown().map(({ replica }) => replica)).toEqual(
        [...first.versionVector()].map(([id]) => id).sort(),
      );
      expect(first.digest()).toBe(second.digest());
    });

    it("loses nothing when a state is restored under another replica", async () => {
      const { documents } = await openGroup(engine, Home, 3);
      const [source, left, right] = documents as [
        (typeof documents)[0],
        (typeof documents)[0],
        (typeof documents)[0],
      ];
      source.visits.increment(10);
      source.visits.decrement(10);
      const state = source.snapshot();
      left.load(state);
      right.load(state);
      left.visits.increment(3);
      right.visits.increment(4);
      converge(left, right);
      expect([left.visits.value, right.visits.value]).toEqual([7, 7]);
    });

    it("takes integers from 0 and stays within its range", async () => {
      const home = await alone();
      for (const amount of [-1, 1.5, Number.NaN, Infinity, 2 ** 53, "1" as unknown as number]) {
        expect(() => home.visits.increment(amount)).toThrow(
          expect.objectContaining({ code: "invalid-argument" }),
        );
        expect(() => home.visits.decrement(amount)).toThrow(
          expect.objectContaining({ code: "invalid-argument" }),
        );
      }
      home.visits.increment(0);
      expect(home.versionVector().size).toBe(0);
      home.visits.increment(2 ** 53 - 1);
      expect(() => home.visits.increment(1)).toThrow(expect.objectContaining({ code: "counter-range" }));
      expect(home.visits.value).toBe(2 ** 53 - 1);
      home.visits.decrement(2 ** 53 - 1);
      expect(home.visits.value).toBe(0);
    });

    it("refuses to name a sum beyond its range, and recovers", async () => {
      const { documents } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      first.visits.increment(2 ** 53 - 1);
      second.visits.increment(2);
      converge(first, second);
      expect(() => second.visits.value).toThrow(/9007199254740993.*breakdown/);
      second.visits.decrement(2);
      expect(second.visits.value).toBe(2 ** 53 - 1);
    });
  });

  describe("a register", () => {
    it("holds any value and forgets it", async () => {
      const home = await alone();
      expect(home.title.get()).toBeUndefined();
      expect(home.title.get("none")).toBe("none");
      expect(home.title.toJSON()).toBeNull();
      expect(home.title.delete()).toBe(false);
      for (const value of DISTINCT) {
        home.title.set(value);
        expect(home.title.get()).toEqual(value);
        expect(Object.is(home.title.get(), -0)).toBe(Object.is(value, -0));
      }
      expect(home.title.delete()).toBe(true);
      expect(home.title.get("none")).toBe("none");
    });

    it("takes the later write, and one and the same of equal times", async () => {
      const { documents, members } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      first.title.set("early");
      members[1]!.platform.nowMs += 1000;
      second.title.set("late");
      converge(first, second);
      expect([first.title.get(), second.title.get()]).toEqual(["late", "late"]);
      members[0]!.platform.nowMs = members[1]!.platform.nowMs += 5000;
      first.title.set("a");
      second.title.set("b");
      converge(first, second);
      expect(first.title.get()).toBe("b");
      expect(second.title.get()).toBe("b");
    });

    it("written after a far-future timestamp was seen still wins, and other keys keep true time", async () => {
      const { documents, members } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      members[1]!.platform.nowMs += 365 * 86_400_000;
      second.title.set("from the future");
      const merged = first.merge(second.deltaSince(first.versionVector()));
      expect(merged).toMatchObject({ changed: true, ahead: 1 });
      expect(merged.aheadMs).toBe(365 * 86_400_000);
      first.title.set("now");
      expect(first.title.get()).toBe("now");
      first.events.append("true time");
      expect(first.events.entries()[0]!.timeMs).toBe(members[0]!.platform.nowMs);
      converge(first, second);
      expect(second.title.get()).toBe("now");
    });

    it("of 20 writers with 10 writes each converges", async () => {
      const { documents } = await openGroup(engine, Home, 20);
      for (let round = 0; round < 10; round++) {
        for (const [index, home] of documents.entries()) home.title.set(`${index}.${round}`);
      }
      converge(...documents);
      expect(new Set(documents.map((home) => home.title.get())).size).toBe(1);
      expect(new Set(documents.map((home) => home.digest())).size).toBe(1);
    });
  });

  describe("a map", () => {
    it("sets, gets, deletes, and says what is there", async () => {
      const { settings } = await alone();
      expect(settings.get("a")).toBeUndefined();
      expect(settings.get("a", 7)).toBe(7);
      settings.set("a", 1);
      settings.setMany([
        ["b", { deep: [1, { x: null }] }],
        ["", "empty key"],
        ["__proto__", "odd key"],
        ["\ud800", "lone"],
      ]);
      expect(settings.size).toBe(5);
      expect(settings.has("b")).toBe(true);
      expect(settings.has("c")).toBe(false);
      expect([...settings.keys()]).toEqual(["a", "b", "", "__proto__", "\ud800"]);
      expect([...settings.values()][0]).toBe(1);
      expect([...settings]).toEqual([...settings.entries()]);
      expect([...settings][1]).toEqual(["b", { deep: [1, { x: null }] }]);
      expect(Object.entries(settings.toJSON())).toEqual([...settings]);
      expect(settings.delete("a")).toBe(true);
      expect(settings.delete("a")).toBe(false);
      expect(settings.has("a")).toBe(false);
      expect(settings.size).toBe(4);
      settings.clear();
      expect([settings.size, [...settings], settings.get("b")]).toEqual([0, [], undefined]);
    });

    it("keeps every kind of value as it was", async () => {
      const { documents } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      for (const [index, value] of DISTINCT.entries()) first.settings.set(`k${index}`, value);
      pass(first, second);
      for (const [index, value] of DISTINCT.entries()) {
        const back = second.settings.get(`k${index}`);
        expect(back).toEqual(value);
        expect(Object.is(back, -0)).toBe(Object.is(value, -0));
      }
      expect([...second.settings.values()]).toEqual(DISTINCT);
    });

    it("gives frozen values, and bytes that are a copy", async () => {
      const { settings } = await alone();
      const given = { list: [1, 2] };
      settings.set("a", given);
      given.list.push(3);
      const value = settings.get("a") as { list: number[] };
      expect(value).toEqual({ list: [1, 2] });
      expect(() => value.list.push(4)).toThrow(TypeError);
      expect(settings.get("a")).toBe(value);
      expect([...settings.values()][0]).toBe(value);
      settings.set("b", new Uint8Array([1]));
      (settings.get("b") as Uint8Array)[0] = 9;
      expect(settings.get("b")).toEqual(new Uint8Array([1]));
      ([...settings.values()][1] as Uint8Array)[0] = 9;
      expect(settings.get("b")).toEqual(new Uint8Array([1]));
    });

    it("refuses what it cannot hold and is unchanged", async () => {
      const home = await alone();
      home.settings.set("a", 1);
      const before = home.digest();
      expect(() => home.settings.set("a", undefined as unknown as Value)).toThrow(/^settings is undefined/);
      expect(() => home.settings.set("a", { b: [() => 1] } as unknown as Value)).toThrow(
        expect.objectContaining({
          code: "invalid-value",
          message: expect.stringMatching(/^settings\.b\[0\] is a function/),
        }),
      );
      expect(() => home.settings.set("k".repeat(65_536), 1)).toThrow(
        expect.objectContaining({ code: "limit-exceeded" }),
      );
      expect(() => home.settings.set(7 as unknown as string, 1)).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
      expect(() => home.settings.set("a", new Uint8Array(16_777_216))).toThrow(
        expect.objectContaining({
          code: "limit-exceeded",
          message: expect.stringMatching(/16777221 bytes; at most 16777216/),
        }),
      );
      expect(() =>
        home.settings.setMany([
          ["a", 2],
          ["b", undefined as unknown as Value],
        ]),
      ).toThrow(expect.objectContaining({ code: "invalid-value" }));
      expect(home.settings.get("a")).toBe(1);
      expect(home.digest()).toBe(before);
      home.settings.set("k".repeat(65_535), 1);
      expect(home.settings.size).toBe(2);
    });
  });

  describe("a set", () => {
    it("adds and removes, saying whether that was new", async () => {
      const { tags } = await alone();
      expect(tags.add("a")).toBe(true);
      expect(tags.add("a")).toBe(false);
      expect(tags.size).toBe(1);
      expect(tags.addMany(["a", "b", "c", "b"])).toBe(2);
      expect([...tags].sort()).toEqual(["a", "b", "c"]);
      expect(tags.delete("b")).toBe(true);
      expect(tags.delete("b")).toBe(false);
      expect(tags.has("b")).toBe(false);
      expect(tags.has("c")).toBe(true);
      tags.clear();
      expect([tags.size, tags.toJSON()]).toEqual([0, []]);
    });

    it("tells values apart by kind and content", async () => {
      const { documents } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      expect(first.tags.addMany(DISTINCT)).toBe(DISTINCT.length);
      expect(first.tags.addMany(structuredClone(DISTINCT))).toBe(0);
      pass(first, second);
      expect(second.tags.size).toBe(DISTINCT.length);
      for (const value of DISTINCT) {
        expect(second.tags.has(value)).toBe(true);
        expect(second.tags.has(value)).toBe(true);
      }
      expect([...second.tags].filter((value) => Object.is(value, -0)).length).toBe(1);
      expect(second.tags.delete(-0)).toBe(true);
      expect(second.tags.has(-0)).toBe(false);
      expect(second.tags.has(0)).toBe(true);
      expect(second.tags.has([1, "1"])).toBe(true);
      expect(second.tags.has([1, 1])).toBe(false);
    });

    it("merges to the union, and a concurrent add survives a remove", async () => {
      const { documents } = await openGroup(engine, Home, 3);
      const [first, second, third] = documents as [
        (typeof documents)[0],
        (typeof documents)[0],
        (typeof documents)[0],
      ];
      first.tags.addMany(["a", "b"]);
      second.tags.addMany(["b", "c"]);
      converge(first, second, third);
      expect([...third.tags].sort()).toEqual(["a", "b", "c"]);
      expect(third.tags.size).toBe(3);
      third.tags.delete("b");
      first.tags.add("b");
      first.tags.delete("a");
      converge(first, second, third);
      for (const { tags } of documents) expect([...tags].sort()).toEqual(["b", "c"]);
      expect(new Set(documents.map((home) => home.digest())).size).toBe(1);
    });

    it("keeps a removed element removed after a round trip and after compaction", async () => {
      const { documents, members } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      first.tags.addMany(["a", "b"]);
      first.settings.set("k", 1);
      pass(first, second);
      second.tags.delete("a");
      second.settings.delete("k");
      converge(first, second);
      for (const { platform } of members) platform.nowMs += 1000;
      const dropped = first.compact({ members: [second.versionVector()] });
      expect(dropped).toEqual({ removalsDropped: 1, deletedMarksDropped: 1 });
      second.compact({ members: [first.versionVector()] });
      converge(first, second);
      expect([[...first.tags], [...second.tags]]).toEqual([["b"], ["b"]]);
      expect(first.statistics()).toMatchObject({ removals: 0, deletedMarks: 0 });
    });

    it("compacts nothing while a member knows more", async () => {
      const { documents } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      first.tags.add("a");
      first.tags.delete("a");
      pass(first, second);
      second.tags.add("b");
      expect(first.compact({ members: [second.versionVector()] })).toEqual({
        removalsDropped: 0,
        deletedMarksDropped: 0,
      });
      pass(second, first);
      expect(first.compact({ members: [second.versionVector()] })).toMatchObject({ removalsDropped: 1 });
    });

    it("does not grow with 1,000 cycles of adding and removing one element", async () => {
      const home = await alone();
      for (let cycle = 0; cycle < 1000; cycle++) {
        home.tags.add("a");
        home.tags.delete("a");
        home.compact({ members: [] });
      }
      expect(home.snapshot().length).toBeLessThan(200);
      expect(home.statistics()).toMatchObject({ entries: 0, removals: 0 });
    });
  });

  describe("a flag", () => {
    it("is on, off, and on when both happen at once", async () => {
      const { documents } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      expect(first.on.value).toBe(false);
      expect([first.on.enable(), first.on.enable()]).toEqual([true, false]);
      pass(first, second);
      expect(second.on.value).toBe(true);
      second.on.disable();
      first.on.enable();
      converge(first, second);
      expect([first.on.value, second.on.value]).toEqual([true, true]);
      expect([first.on.disable(), first.on.disable()]).toEqual([true, false]);
      pass(first, second);
      expect([second.on.value, second.on.toJSON()]).toEqual([false, false]);
    });
  });

  describe("a log", () => {
    it("keeps the order of clock readings and says who wrote when", async () => {
      const { documents, members } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      first.events.append("one");
      members[1]!.platform.nowMs += 10;
      second.events.append("two");
      members[0]!.platform.nowMs += 20;
      first.events.appendMany(["three", { four: 4 }]);
      converge(first, second);
      for (const { events } of documents) {
        expect(events.toJSON()).toEqual(["one", "two", "three", { four: 4 }]);
        expect(events.size).toBe(4);
        expect([...events].map(({ value }) => value)).toEqual(["one", "two", "three", { four: 4 }]);
        expect(events.entries({ last: 2 }).map(({ value }) => value)).toEqual(["three", { four: 4 }]);
        expect(events.entries({ last: 0 })).toEqual([]);
      }
      const [one, two, three] = first.events.entries();
      expect([one!.replica, two!.replica]).toEqual([members[0]!.replica.id, members[1]!.replica.id]);
      expect([one!.sequence, two!.sequence, three!.sequence]).toEqual([1, 1, 2]);
      expect(two!.timeMs).toBe(members[1]!.platform.nowMs);
      expect(Math.floor(two!.timestamp / 1024)).toBe(two!.timeMs);
    });

    it("is cut by count and by place, everywhere", async () => {
      const { documents } = await pair();
      const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
      first.events.appendMany([1, 2, 3, 4, 5, 6]);
      pass(first, second);
      expect(second.events.truncate({ keep: 6 })).toBe(false);
      expect(second.events.truncate({ keep: 4 })).toBe(true);
      expect(second.events.toJSON()).toEqual([3, 4, 5, 6]);
      expect(first.events.truncate({ through: first.events.entries()[2]! })).toBe(true);
      expect(first.events.truncate({ through: first.events.entries()[0]! })).toBe(true);
      converge(first, second);
      expect([first.events.toJSON(), second.events.toJSON()]).toEqual([
        [5, 6],
        [5, 6],
      ]);
      expect(first.events.truncate({ keep: 0 })).toBe(true);
      expect(first.events.size).toBe(0);
      first.events.append(7);
      converge(first, second);
      expect(second.events.toJSON()).toEqual([7]);
      expect(() => first.events.append(undefined as unknown as Value)).toThrow(/^events is undefined/);
      expect(() => first.tags.add([undefined] as unknown as Value)).toThrow(/^tags\[0\] is undefined/);
      expect(() => first.events.truncate({ keep: -1 })).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
      expect(() => first.events.entries({ last: 1.5 })).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    });
  });

  it("three replicas agree whatever the order of merging", async () => {
    const { documents } = await openGroup(engine, Home, 3);
    for (const [index, home] of documents.entries()) {
      home.visits.increment(index + 1);
      home.tags.addMany(["x", `t${index}`]);
      home.settings.set("who", index);
      home.events.append(index);
      home.on.enable();
    }
    const [first, second, third] = documents as [
      (typeof documents)[0],
      (typeof documents)[0],
      (typeof documents)[0],
    ];
    const [one, two, three] = documents.map((home) => home.snapshot());
    first.merge(three!);
    first.merge(two!);
    second.merge(one!);
    second.merge(three!);
    third.merge(two!);
    third.merge(two!);
    third.merge(one!);
    expect(new Set(documents.map((home) => home.digest())).size).toBe(1);
    expect(new Set(documents.map((home) => JSON.stringify(home))).size).toBe(1);
    expect(first.visits.value).toBe(6);
  });
});
