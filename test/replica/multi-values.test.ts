// Multi-values and multi-maps through the public API: nothing written at the same time is lost, rules give the same
// everywhere, and a person's decision is a write like any other.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Change,
  type Document,
  latest,
  type MultiMapOptions,
  maximumOf,
  minimumOf,
  multiMap,
  multiValue,
  priority,
  type ReplicaId,
  schema,
  sum,
  union,
  type Value,
} from "../../host/index.ts";
import { DECISIONS_MAX } from "../../host/limits.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({
  title: multiValue<Value>(),
  settings: multiMap<Record<string, Value>>(),
  totals: multiMap<Record<string, number>>({ resolve: sum() }),
  least: multiMap<Record<string, number>>({ resolve: minimumOf() }),
  most: multiMap<Record<string, number>>({ resolve: maximumOf() }),
  levels: multiMap<Record<string, string>>({ resolve: priority(["high", "low"]) }),
  words: multiMap<Record<string, readonly string[]>>({ resolve: union() }),
  own: multiMap<Record<string, Value>>({ resolve: (candidates) => candidates.length }),
});
type Home = Document<typeof Home>;

describe.each(ENGINES)("on $name", (engine) => {
  const pair = async () => {
    const { documents, members } = await openGroup(engine, Home, 2);
    return {
      home: documents[0]!,
      other: documents[1]!,
      members,
      ids: members.map(({ replica }) => replica.id),
    };
  };
  const heardBy = (home: Home) => {
    const heard: Change[] = [];
    home.subscribe((change) => heard.push(change));
    return () => heard.splice(0);
  };

  describe("a multi-value", () => {
    it("is one value until two are written at the same time", async () => {
      const { home, other, ids, members } = await pair();
      expect([home.title.value, home.title.values, home.title.isConflicted]).toEqual([undefined, [], false]);
      expect(home.title.clear()).toBe(false);
      home.title.set("a");
      home.title.set("b");
      expect([home.title.value, home.title.values]).toEqual(["b", ["b"]]);
      converge(home, other);
      members[0]!.platform.nowMs += 5000;
      home.title.set({ from: "home" });
      other.title.set(["other"]);
      converge(home, other);
      for (const { title } of [home, other]) {
        expect(title.values).toEqual([{ from: "home" }, ["other"]]);
        expect(title.candidates.map(({ replica }) => replica)).toEqual(ids);
        expect(title.candidates[0]!.timeMs).toBe(members[0]!.platform.nowMs);
        expect(title.candidates[0]!.timestamp).toBeGreaterThan(title.candidates[1]!.timestamp);
        expect(title.value).toEqual({ from: "home" });
        expect(title.isConflicted).toBe(true);
        expect(title.toJSON()).toEqual([{ from: "home" }, ["other"]]);
      }
      other.title.set("decided");
      converge(home, other);
      expect([home.title.values, home.title.isConflicted]).toEqual([["decided"], false]);
      expect(home.digest()).toBe(other.digest());
    });

    it("keeps a value that was written while others were cleared", async () => {
      const { home, other } = await pair();
      home.title.set(1);
      converge(home, other);
      expect(home.title.clear()).toBe(true);
      other.title.set(2);
      converge(home, other);
      expect([home.title.values, other.title.values]).toEqual([[2], [2]]);
    });

    it("is as it was after a transaction that threw", async () => {
      const { home } = await pair();
      home.title.set("before");
      expect(home.title.value).toBe("before");
      expect(() =>
        home.transact(() => {
          home.title.set("within");
          expect(home.title.value).toBe("within");
          throw new Error("no");
        }),
      ).toThrow("no");
      expect(home.title.values).toEqual(["before"]);
    });

    it("gives bytes that nobody else holds, and refuses what cannot be stored", async () => {
      const { home } = await pair();
      home.title.set(new Uint8Array([1]));
      (home.title.value as Uint8Array)[0] = 9;
      expect(home.title.value).toEqual(new Uint8Array([1]));
      expect(() => home.title.set((() => 1) as never)).toThrow(
        expect.objectContaining({ code: "invalid-value" }),
      );
    });

    it("tells of changes", async () => {
      const { home, other } = await pair();
      const take = heardBy(home);
      const said = { container: "title", type: "multi-value", isPresent: true, isConflicted: false };
      home.title.set(1);
      home.title.clear();
      home.title.clear();
      home.title.set(2);
      expect(take()).toEqual([
        { ...said, origin: "local" },
        { ...said, origin: "local", isPresent: false },
        { ...said, origin: "local" },
      ]);
      other.title.set(3);
      pass(other, home);
      expect(take()).toEqual([{ ...said, origin: "remote", isConflicted: true }]);
      pass(other, home);
      expect(take()).toEqual([]);
    });
  });

  describe("a multi-map", () => {
    it("is a map where nothing is written at the same time", async () => {
      const { settings } = (await pair()).home;
      expect([settings.get("a"), settings.get("a", 7), settings.has("a"), settings.size]).toEqual([
        undefined,
        7,
        false,
        0,
      ]);
      settings.setMany([
        ["a", 1],
        ["", { deep: [1] }],
        ["\ud800", null],
        ["__proto__", "p"],
      ]);
      settings.set("a", 2);
      expect([settings.get("a"), settings.get(""), settings.get("\ud800")]).toEqual([2, { deep: [1] }, null]);
      expect([settings.has("a"), settings.has("b"), settings.size]).toEqual([true, false, 4]);
      expect([...settings.keys()]).toEqual(["", "\ud800", "__proto__", "a"]);
      expect([...settings]).toEqual([...settings.entries()]);
      expect(JSON.stringify(settings.toJSON())).toBe(
        '{"":{"deep":[1]},"\\ud800":null,"__proto__":"p","a":2}',
      );
      expect([settings.delete("a"), settings.delete("a"), settings.has("a"), settings.get("a")]).toEqual([
        true,
        false,
        false,
        undefined,
      ]);
      expect([settings.conflicts(), settings.decisions()]).toEqual([[], []]);
      settings.clear();
      expect([settings.size, [...settings.keys()]]).toEqual([0, []]);
      expect(() => settings.set(7 as never, 1)).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    });

    it("keeps what was written at the same time, and lets a person decide", async () => {
      const { home, other, ids, members } = await pair();
      members[1]!.platform.nowMs += 1000;
      home.settings.set("a", "home");
      other.settings.set("a", "other");
      other.settings.set("b", 1);
      converge(home, other);
      for (const { settings } of [home, other]) {
        expect([settings.get("a"), settings.conflicts(), settings.size]).toEqual(["other", ["a"], 2]);
        expect(settings.candidates("a").map(({ value, replica }) => [value, replica])).toEqual([
          ["home", ids[0]],
          ["other", ids[1]],
        ]);
        expect(settings.decisions()).toEqual([
          { key: "a", candidates: settings.candidates("a"), value: "other" },
        ]);
      }
      home.settings.set("a", "decided");
      converge(home, other);
      for (const { settings } of [home, other]) {
        expect([settings.get("a"), settings.conflicts()]).toEqual(["decided", []]);
        expect(settings.candidates("a").length).toBe(1);
        expect(settings.decisions().map(({ value }) => value)).toEqual(["other"]);
      }
      expect(home.digest()).toBe(other.digest());
    });

    it("resolves by its rule", async () => {
      const { home, other } = await pair();
      home.totals.set("k", 1.5);
      other.totals.set("k", 2);
      home.least.set("k", 0);
      other.least.set("k", -0);
      home.most.set("k", -0);
      other.most.set("k", 0);
      home.levels.set("k", "low");
      other.levels.set("k", "high");
      home.levels.set("unknown", "x");
      other.levels.set("unknown", "low");
      home.levels.set("both", "x");
      other.levels.set("both", "y");
      home.words.set("k", ["a", "b"]);
      other.words.set("k", ["b", "c"]);
      home.own.set("k", "x");
      other.own.set("k", "y");
      home.own.set("one", "x");
      converge(home, other);
      for (const document of [home, other]) {
        expect(document.totals.get("k")).toBe(3.5);
        expect([Object.is(document.least.get("k"), -0), Object.is(document.most.get("k"), 0)]).toEqual([
          true,
          true,
        ]);
        expect(document.levels.toJSON()).toEqual({ k: "high", unknown: "low", both: "y" });
        expect(document.words.get("k")).toEqual(["a", "b", "c"]);
        expect(document.own.toJSON()).toEqual({ k: 2, one: "x" });
      }
    });

    it("names the key on which a rule failed", async () => {
      const { home, other } = await pair();
      home.totals.set("odd", "x" as never);
      expect(home.totals.get("odd")).toBe("x");
      other.totals.set("odd", 1);
      other.totals.set("nan", Number.NaN);
      home.totals.set("nan", 1);
      home.words.set("no", "text" as never);
      other.words.set("no", []);
      converge(home, other);
      const failed = (message: RegExp) =>
        expect.objectContaining({ code: "resolve-failed", message: expect.stringMatching(message) });
      expect(() => home.totals.get("odd")).toThrow(
        failed(/"totals".*2 values under key "odd": sum takes numbers/),
      );
      expect(() => home.totals.get("nan")).toThrow(failed(/under key "nan": sum takes numbers, not NaN/));
      expect(() => home.words.toJSON()).toThrow(failed(/key "no": union takes arrays, not string/));
      expect(() => home.words.decisions()).toThrow(failed(/key "no"/));
      expect(home.totals.conflicts().length).toBe(2);
      home.totals.set("odd", 5);
      expect(home.totals.get("odd")).toBe(5);
    });

    it("remembers a bounded number of decisions, each once, also those before it was open", async () => {
      const { home, other } = await pair();
      home.settings.set("a", 1);
      other.settings.set("a", 2);
      pass(other, home);
      pass(other, home);
      other.settings.set("a", 3);
      pass(other, home);
      expect(home.settings.decisions().map(({ value }) => value)).toEqual([2, 3]);
      for (let index = 0; index < DECISIONS_MAX; index++) {
        home.settings.set(`k${index}`, 1);
        other.settings.set(`k${index}`, 2);
      }
      pass(other, home);
      expect(home.settings.decisions().length).toBe(DECISIONS_MAX);
      expect(home.settings.decisions()[0]!.key).toBe("k0");
      const third = (await createMember(engine)).replica;
      const reader = await third.open("home", Home);
      reader.load(home.snapshot());
      expect(reader.settings.decisions().length).toBe(DECISIONS_MAX);
    });

    it("finds the conflicts of a merge that nobody listed", async () => {
      const { home, other } = await pair();
      const long = "x".repeat(40_000);
      home.settings.set("a", 1);
      other.settings.setMany([
        ["a", long],
        ["b", long],
      ]);
      expect(home.settings.get("a")).toBe(1);
      pass(other, home);
      expect(home.settings.get("a")).toBe(long);
      expect(home.settings.decisions().map(({ key }) => key)).toEqual(["a"]);
    });

    it("tells of changes", async () => {
      const { home, other } = await pair();
      const take = heardBy(home);
      const said = { container: "settings", type: "multi-map", set: [], deleted: [], conflicted: [] };
      home.settings.set("a", 1);
      home.settings.delete("a");
      home.settings.delete("a");
      home.settings.setMany([
        ["a", 1],
        ["b", 2],
      ]);
      home.settings.clear();
      home.settings.clear();
      expect(take()).toEqual([
        { ...said, origin: "local", set: ["a"] },
        { ...said, origin: "local", deleted: ["a"] },
        { ...said, origin: "local", set: ["a", "b"] },
        { ...said, origin: "local", deleted: ["a", "b"] },
      ]);
      converge(home, other);
      take();
      home.settings.set("a", 1);
      other.settings.set("a", 2);
      other.settings.set("c", 3);
      take();
      pass(other, home);
      expect(take()).toEqual([{ ...said, origin: "remote", set: ["a", "c"], conflicted: ["a"] }]);
      other.settings.delete("c");
      pass(other, home);
      expect(take()).toEqual([{ ...said, origin: "remote", deleted: ["c"] }]);
    });

    it("tells of values that nobody can read, and says where they are when somebody reads them", async () => {
      const { home } = await pair();
      const forged = engine.createDocument({
        replica: "00000000000000ff" as ReplicaId,
        hashSeed: [1, 2],
        driftLimitMs: 60_000,
      });
      const index = forged.container("multi-map", "settings");
      const batch = Uint8Array.of(2, index, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x61, 0xff);
      forged.mutate(batch, batch.length, 1_700_000_000_000);
      const take = heardBy(home);
      home.merge(forged.snapshot());
      forged.close();
      expect(take()).toMatchObject([{ container: "settings", set: ["a"], conflicted: [] }]);
      expect(() => home.settings.get("a")).toThrow(
        expect.objectContaining({
          code: "invalid-value",
          message: expect.stringMatching(/under key "a" holds/),
        }),
      );
      home.settings.set("a", 1);
      expect(home.settings.toJSON()).toEqual({ a: 1 });
    });

    it("is open with one rule at a time", async () => {
      const { replica } = await createMember(engine);
      const words = (options: MultiMapOptions<Value>) =>
        schema({ words: multiMap<Record<string, Value>>(options) });
      const first = await replica.open("home", words({ resolve: priority<Value>(["a", "b"]) }));
      const again = await replica.open("home", words({ resolve: priority<Value>(["a", "b"]) }));
      expect(again.words).toBe(first.words);
      for (const rule of [{}, { resolve: priority<Value>(["b", "a"]) }, { resolve: () => 1 }]) {
        await expect(replica.open("home", words(rule))).rejects.toThrow(
          expect.objectContaining({ code: "container-type", message: expect.stringMatching(/another rule/) }),
        );
      }
      expect(() => words({ resolve: "latest" as never })).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
      const byName = await (await createMember(engine)).replica.open("home", words({}));
      expect(byName.words.get("x")).toBeUndefined();
      await replica.close();
      expect(() => first.words.get("a")).toThrow(expect.objectContaining({ code: "document-closed" }));
    });

    it("gives the same on every replica, and to one that cached nothing", async () => {
      const names = ["settings", "totals", "least", "most", "levels", "words", "own"] as const;
      const valuesOf = { levels: ["low", "high", "x"], words: [["a"], ["b", "a"], []] } as Record<
        string,
        unknown[]
      >;
      const step = fc.record({
        at: fc.nat(2),
        name: fc.constantFrom(...names),
        key: fc.constantFrom("a", "b"),
        value: fc.nat(2),
        does: fc.constantFrom("set", "set", "set", "delete", "clear", "read", "pass"),
        to: fc.nat(2),
        tickMs: fc.nat(2),
      });
      const { documents, members } = await openGroup(engine, Home, 3);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          for (const { at, name, key, value, does, to, tickMs } of steps) {
            const document = documents[at]!;
            const container = document[name] as Home["settings"];
            members[at]!.platform.nowMs += tickMs;
            if (does === "set") container.set(key, (valuesOf[name] ?? [1, -0, 2.5])[value] as Value);
            else if (does === "delete") container.delete(key);
            else if (does === "clear") container.clear();
            else if (does === "read") container.toJSON();
            else if (to !== at) pass(document, documents[to]!);
          }
          converge(...documents);
          const fresh = await (await createMember(engine)).replica.open("home", Home);
          fresh.load(documents[0]!.snapshot());
          const views = [...documents, fresh].map((document) => document.toJSON());
          for (const view of views) expect(JSON.stringify(view)).toBe(JSON.stringify(views[0]));
          const decided = documents[0]!.settings.get("a");
          if (decided !== undefined) {
            expect(decided).toEqual(latest()(documents[0]!.settings.candidates("a")));
          }
        }),
        { numRuns: 25 },
      );
    });
  });
});
