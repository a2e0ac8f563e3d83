// All or nothing: reads see their own writes, a throw undoes everything, and what leaves is one delta and one
// change a container.
import { describe, expect, it, vi } from "vitest";
import { type Change, counter, flag, log, map, register, schema, set } from "../../host/index.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { readDeltaHeader } from "../../host/wire/delta-header.ts";
import { ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({
  visits: counter(),
  title: register<string>(),
  settings: map<Record<string, number>>(),
  tags: set<string>(),
  on: flag(),
  events: log<number>(),
});

describe.each(ENGINES)("a transaction on $name", (engine) => {
  const open = async () => {
    const { members, documents } = await openGroup(engine, Home, 2);
    return { member: members[0]!, home: documents[0]!, other: documents[1]! };
  };

  it("sees its own writes in every kind of read", async () => {
    const { home } = await open();
    home.settings.set("a", 1);
    expect([...home.settings]).toEqual([["a", 1]]);
    const result = home.transact(() => {
      home.settings.set("a", 2);
      home.settings.set("b", 3);
      expect([home.settings.get("a"), home.settings.get("b"), home.settings.size]).toEqual([2, 3, 2]);
      expect([...home.settings.keys()].sort()).toEqual(["a", "b"]);
      expect(home.settings.delete("a")).toBe(true);
      expect(home.settings.has("a")).toBe(false);
      home.visits.increment(2);
      expect(home.visits.value).toBe(2);
      home.visits.increment(3);
      expect(home.visits.breakdown()[0]!.plus).toBe(5);
      home.title.set("x");
      expect(home.title.get()).toBe("x");
      expect([home.tags.add("t"), home.tags.add("t"), home.tags.has("t")]).toEqual([true, false, true]);
      expect(home.on.enable()).toBe(true);
      home.events.append(1);
      home.events.append(2);
      expect(home.events.toJSON()).toEqual([1, 2]);
      expect(home.containers().find(({ name }) => name === "events")!.size).toBe(2);
      expect(home.statistics().entries).toBeGreaterThan(5);
      return "done";
    });
    expect(result).toBe("done");
    expect(home.toJSON()).toEqual({
      visits: 5,
      title: "x",
      settings: { b: 3 },
      tags: ["t"],
      on: true,
      events: [1, 2],
    });
  });

  it("that throws leaves nothing behind", async () => {
    const { home } = await open();
    home.settings.set("a", 1);
    home.visits.increment(1);
    home.tags.add("keep");
    home.title.set("before");
    home.events.append(0);
    const before = [JSON.stringify(home), home.digest(), home.versionVector().toJSON()];
    const changes: Change[] = [];
    home.subscribe((change) => changes.push(change));
    const failure = new Error("no");
    expect(() =>
      home.transact(() => {
        home.settings.set("a", 2);
        home.settings.setMany([["b", 3]]);
        home.visits.increment(5);
        home.title.set("during");
        home.tags.delete("keep");
        home.tags.addMany(["x", "y"]);
        home.on.enable();
        home.events.truncate({ keep: 0 });
        expect(JSON.stringify(home)).toBe(
          '{"visits":6,"title":"during","settings":{"a":2,"b":3},"tags":["x","y"],"on":true,"events":[]}',
        );
        expect(home.versionVector().toJSON()).toEqual(before[2]);
        throw failure;
      }),
    ).toThrow(failure);
    expect([JSON.stringify(home), home.digest(), home.versionVector().toJSON()]).toEqual(before);
    expect(changes).toEqual([]);
    home.settings.set("a", 5);
    expect(home.settings.get("a")).toBe(5);
    expect(changes.length).toBe(1);
  });

  it("that the engine refuses at the end is undone and says why", async () => {
    const { home } = await open();
    home.visits.increment(2 ** 53 - 1);
    expect(() =>
      home.transact(() => {
        home.settings.set("a", 1);
        home.visits.increment(1);
      }),
    ).toThrow(expect.objectContaining({ code: "counter-range" }));
    expect(home.settings.size).toBe(0);
    let caught: unknown;
    expect(() =>
      home.transact(() => {
        home.visits.increment(1);
        try {
          home.settings.get("a");
        } catch (error) {
          caught = error;
        }
        home.settings.set("b", 1);
      }),
    ).toThrow(expect.objectContaining({ code: "counter-range" }));
    expect(caught).toMatchObject({ code: "counter-range" });
    expect(home.settings.size).toBe(0);
  });

  it("goes on after a value that was refused before anything was written", async () => {
    const { home } = await open();
    home.transact(() => {
      home.settings.set("a", 1);
      expect(() => home.settings.set("b", undefined as unknown as number)).toThrow(/undefined/);
      home.settings.set("c", 2);
    });
    expect(home.settings.toJSON()).toEqual({ a: 1, c: 2 });
  });

  it("joins an outer one, which an inner failure undoes", async () => {
    const { home } = await open();
    home.transact(() => {
      home.settings.set("a", 1);
      home.transact(() => home.settings.set("b", 2));
      expect(home.settings.size).toBe(2);
    });
    expect(home.settings.size).toBe(2);
    expect(() =>
      home.transact(() => {
        home.settings.set("c", 3);
        try {
          home.transact(() => {
            throw new Error("inner");
          });
        } catch {
          home.settings.set("d", 4);
        }
      }),
    ).toThrow("inner");
    expect([...home.settings.keys()]).toEqual(["a", "b"]);
  });

  it("is synchronous, and no place for merges or encoding", async () => {
    const { home, other } = await open();
    other.visits.increment();
    const bytes = other.snapshot();
    expect(() => home.transact(async () => home.visits.increment())).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(/asynchronous/) }),
    );
    expect(home.visits.value).toBe(0);
    for (const act of [
      () => home.merge(bytes),
      () => home.snapshot(),
      () => home.deltaSince(other.versionVector()),
      () => home.digest(),
      () => home.compact({ members: [] }),
    ]) {
      expect(() => home.transact<unknown>(act)).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    }
    home.merge(bytes);
    expect(home.visits.value).toBe(1);
  });

  it("leaves as one delta at the end of the turn, and tells each container once", async () => {
    const { member, home, other } = await open();
    const core = [...hostOf(member.replica).documents()][0]!;
    const deltas: { bytes: Uint8Array; source: unknown }[] = [];
    core.onDelta((delta) => deltas.push(delta));
    const changes: Change[] = [];
    home.subscribe((change) => changes.push(change));
    home.transact(() => {
      for (let index = 0; index < 10; index++) home.settings.set(`k${index % 3}`, index);
      home.visits.increment();
      home.visits.increment();
    });
    home.tags.add("after");
    expect(deltas).toEqual([]);
    await vi.waitFor(() => expect(deltas.length).toBe(1));
    expect(readDeltaHeader(deltas[0]!.bytes)).toMatchObject({
      kind: "stream",
      replicas: [{ base: 0, to: 13 }],
    });
    expect(deltas[0]!.source).toBe("local");
    expect(changes).toEqual([
      { container: "settings", type: "map", origin: "local", set: ["k0", "k1", "k2"], deleted: [] },
      { container: "visits", type: "counter", origin: "local", replicas: [member.replica.id] },
      { container: "tags", type: "set", origin: "local", added: ["after"], removed: [] },
    ]);
    pass(home, other);
    expect(other.digest()).toBe(home.digest());
  });

  it("may be large: it goes to the engine in pieces and still is all or nothing", async () => {
    const { home } = await open();
    const rows = Array.from({ length: 30_000 }, (_, index): [string, number] => [`key-${index}`, index]);
    home.settings.setMany(rows);
    expect(home.settings.size).toBe(30_000);
    const before = home.digest();
    expect(() =>
      home.settings.setMany(
        (function* () {
          yield* rows.map(([key]): [string, number] => [key, -1]);
          throw new Error("source failed");
        })(),
      ),
    ).toThrow("source failed");
    expect(home.digest()).toBe(before);
    expect(home.settings.get("key-29999")).toBe(29_999);
  });
});
