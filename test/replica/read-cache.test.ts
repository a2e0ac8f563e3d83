// Caches are never stale: whatever local mutations, transactions, merges and reads come in whatever order, what one
// replica reads is what a replica that never cached anything reads.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  counter,
  type Document,
  flag,
  log,
  map,
  register,
  schema,
  set,
  type Value,
} from "../../host/index.ts";
import { createMember, ENGINES, pass } from "./group.ts";

const Home = schema({
  visits: counter(),
  title: register<Value>(),
  settings: map<Record<string, Value>>(),
  tags: set<Value>(),
  on: flag(),
  events: log<Value>(),
});
type Home = Document<typeof Home>;

const key = fc.constantFrom("a", "b", "c", "\ud800", "");
const value = fc.constantFrom<Value>(0, -0, 1, "x", null, 7n, [1, { a: 2 }], { b: 1 }, new Uint8Array([1]));

/** One step: done to a document; `undone` tells that it leaves nothing behind. */
type Step = (home: Home, other: Home) => void;

const mutation: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(key, value).map(
    ([at, item]): Step =>
      (home) =>
        home.settings.set(at, item),
  ),
  key.map(
    (at): Step =>
      (home) =>
        void home.settings.delete(at),
  ),
  fc.array(fc.tuple(key, value), { maxLength: 4 }).map(
    (rows): Step =>
      (home) =>
        home.settings.setMany(rows),
  ),
  fc.constant<Step>((home) => home.settings.clear()),
  value.map(
    (item): Step =>
      (home) =>
        void home.tags.add(item),
  ),
  fc.array(value, { maxLength: 4 }).map(
    (items): Step =>
      (home) =>
        void home.tags.addMany(items),
  ),
  value.map(
    (item): Step =>
      (home) =>
        void home.tags.delete(item),
  ),
  fc.constant<Step>((home) => home.tags.clear()),
  value.map(
    (item): Step =>
      (home) =>
        home.title.set(item),
  ),
  fc.constant<Step>((home) => void home.title.delete()),
  fc.nat(9).map(
    (amount): Step =>
      (home) =>
        home.visits.increment(amount),
  ),
  fc.nat(9).map(
    (amount): Step =>
      (home) =>
        home.visits.decrement(amount),
  ),
  fc.boolean().map(
    (on): Step =>
      (home) =>
        void (on ? home.on.enable() : home.on.disable()),
  ),
  value.map(
    (item): Step =>
      (home) =>
        home.events.append(item),
  ),
  fc.nat(3).map(
    (keep): Step =>
      (home) =>
        void home.events.truncate({ keep }),
  ),
);
const read: fc.Arbitrary<Step> = fc.oneof(
  key.map(
    (at): Step =>
      (home) =>
        void home.settings.get(at),
  ),
  key.map(
    (at): Step =>
      (home) =>
        void home.settings.has(at),
  ),
  value.map(
    (item): Step =>
      (home) =>
        void home.tags.has(item),
  ),
  fc.constant<Step>((home) => void [...home.settings]),
  fc.constant<Step>((home) => void [...home.tags]),
  fc.constant<Step>((home) => void JSON.stringify(home)),
  fc.constant<Step>((home) => void [home.visits.value, home.on.value, home.title.get()]),
);
const transaction: fc.Arbitrary<Step> = fc
  .tuple(fc.array(fc.oneof(mutation, read), { maxLength: 6 }), fc.boolean())
  .map(
    ([steps, fails]): Step =>
      (home, other) => {
        const failure = new Error("undo");
        try {
          home.transact(() => {
            for (const step of steps) step(home, other);
            if (fails) throw failure;
          });
        } catch (error) {
          if (error !== failure) throw error;
        }
      },
  );
const merge: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>((home, other) => pass(other, home)),
  fc.constant<Step>((home, other) => home.load(other.snapshot())),
  mutation.map(
    (step): Step =>
      (home, other) => {
        step(other, home);
        pass(other, home);
      },
  ),
);
const steps = fc.array(
  fc.oneof({ arbitrary: mutation, weight: 4 }, { arbitrary: read, weight: 4 }, merge, transaction),
  { maxLength: 40 },
);

/** Everything that can be read, each kind of read on its own. */
function everything(home: Home): unknown {
  const keys = ["a", "b", "c", "\ud800", "", "absent"];
  const values: Value[] = [0, -0, 1, "x", null, 7n, [1, { a: 2 }], { b: 1 }, new Uint8Array([1]), "absent"];
  return {
    gets: keys.map((at) => home.settings.get(at)),
    has: keys.map((at) => home.settings.has(at)),
    members: values.map((item) => home.tags.has(item)),
    sizes: [home.settings.size, home.tags.size, home.events.size],
    rows: [...home.settings],
    elements: [...home.tags],
    title: home.title.get(),
    visits: home.visits.value,
    on: home.on.value,
    events: home.events.entries(),
  };
}

describe.each(ENGINES)("reads on $name", (engine) => {
  it.each([true, false])("are those of a replica without caches (subscribed: %s)", async (isSubscribed) => {
    const [first, second] = [await createMember(engine), await createMember(engine)];
    let run = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const name = `run-${++run}`;
        const [home, other] = [await first.replica.open(name, Home), await second.replica.open(name, Home)];
        const fresh = await second.replica.open(`${name}-fresh`, Home);
        if (isSubscribed) home.subscribe(() => {});
        for (const step of script) {
          step(home, other);
          first.platform.nowMs++;
        }
        fresh.load(home.snapshot());
        expect(everything(home)).toEqual(everything(fresh));
        expect(everything(home)).toEqual(everything(fresh));
        await Promise.all([home.close(), other.close(), fresh.close()]);
      }),
      { numRuns: 300 },
    );
  });

  it("keep handing out the same frozen object until it changes", async () => {
    const [first, second] = [await createMember(engine), await createMember(engine)];
    const [home, other] = [await first.replica.open("home", Home), await second.replica.open("home", Home)];
    home.settings.setMany([
      ["a", [1]],
      ["b", [2]],
    ]);
    const [a, b] = [home.settings.get("a"), home.settings.get("b")];
    expect(home.settings.get("a")).toBe(a);
    expect([...home.settings.values()]).toEqual([a, b]);
    expect([...home.settings.values()][0]).toBe(a);
    pass(home, other);
    other.settings.set("a", [3]);
    pass(other, home);
    expect(home.settings.get("a")).toEqual([3]);
    expect(home.settings.get("b")).toBe(b);
  });

  it("follow a merge too large to be listed", async () => {
    const [first, second] = [await createMember(engine), await createMember(engine)];
    const [home, other] = [await first.replica.open("home", Home), await second.replica.open("home", Home)];
    home.settings.set("k1", "old");
    home.tags.add("t");
    expect([home.settings.get("k1"), home.tags.has("t"), home.tags.has(500)]).toEqual(["old", true, false]);
    pass(home, other);
    first.platform.nowMs = second.platform.nowMs += 10;
    other.settings.setMany(Array.from({ length: 9000 }, (_, index): [string, Value] => [`k${index}`, index]));
    other.tags.addMany(Array.from({ length: 1000 }, (_, index) => index));
    const delta = other.deltaSince(home.versionVector());
    expect(delta.length).toBeGreaterThan(65_536);
    home.merge(delta);
    expect([home.settings.get("k1"), home.settings.size, home.tags.has(500)]).toEqual([1, 9000, true]);
  });

  it("hold more keys than the cache keeps", async () => {
    const { replica } = await createMember(engine);
    const home = await replica.open("home", Home);
    const count = 140_000;
    home.settings.setMany(Array.from({ length: count }, (_, index): [string, Value] => [`k${index}`, index]));
    for (let index = 0; index < count; index += 1) {
      if (home.settings.get(`k${index}`) !== index) throw new Error(`k${index} reads wrong`);
    }
    expect([...home.settings.keys()].length).toBe(count);
    home.settings.set("k7", "new");
    expect(home.settings.get("k7")).toBe("new");
    await replica.close();
  });
});
