// What subscribers hear: which container, from here or afar, what changed, and nothing that did not.
import { describe, expect, it, vi } from "vitest";
import { type Change, counter, flag, log, map, register, schema, set, type Value } from "../../host/index.ts";
import { converge, ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({
  visits: counter(),
  title: register<string>(),
  settings: map<Record<string, Value>>(),
  tags: set<Value>(),
  on: flag(),
  events: log<number>(),
});

describe.each(ENGINES)("change events on $name", (engine) => {
  const open = async () => {
    const { members, documents } = await openGroup(engine, Home, 2);
    const [home, other] = documents as [(typeof documents)[0], (typeof documents)[0]];
    const heard: Change[] = [];
    const stop = home.subscribe((change) => heard.push(change));
    const take = () => heard.splice(0);
    return { ids: members.map(({ replica }) => replica.id), home, other, take, stop };
  };

  it("tell local mutations that had an effect", async () => {
    const { ids, home, take } = await open();
    home.visits.increment();
    home.visits.increment(0);
    home.title.set("x");
    home.title.delete();
    home.title.delete();
    home.settings.set("a", 1);
    home.settings.delete("a");
    home.settings.delete("a");
    home.tags.add(7n);
    home.tags.add(7n);
    home.tags.delete(7n);
    home.tags.delete(7n);
    home.on.enable();
    home.on.enable();
    home.on.disable();
    home.events.append(1);
    home.events.truncate({ keep: 0 });
    home.events.truncate({ keep: 0 });
    const local = { origin: "local" };
    expect(take()).toEqual([
      { container: "visits", type: "counter", ...local, replicas: [ids[0]] },
      { container: "title", type: "register", ...local, isPresent: true },
      { container: "title", type: "register", ...local, isPresent: false },
      { container: "settings", type: "map", ...local, set: ["a"], deleted: [] },
      { container: "settings", type: "map", ...local, set: [], deleted: ["a"] },
      { container: "tags", type: "set", ...local, added: [7n], removed: [] },
      { container: "tags", type: "set", ...local, added: [], removed: [7n] },
      { container: "on", type: "flag", ...local, isEnabled: true },
      { container: "on", type: "flag", ...local, isEnabled: false },
      { container: "events", type: "log", ...local, appended: 1, isTruncated: false },
      { container: "events", type: "log", ...local, appended: 0, isTruncated: true },
    ]);
  });

  it("tell once what a bulk call or clear did", async () => {
    const { home, take } = await open();
    home.settings.setMany([
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ]);
    home.tags.addMany(["x", "y", "x"]);
    home.events.appendMany([1, 2]);
    home.settings.clear();
    home.tags.clear();
    home.tags.clear();
    expect(take().map(({ origin: _origin, type: _type, ...rest }) => rest)).toEqual([
      { container: "settings", set: ["a", "b"], deleted: [] },
      { container: "tags", added: ["x", "y"], removed: [] },
      { container: "events", appended: 2, isTruncated: false },
      { container: "settings", set: [], deleted: ["b", "a"] },
      { container: "tags", added: [], removed: ["y", "x"] },
    ]);
  });

  it("leave out what a transaction made and undid", async () => {
    const { home, take } = await open();
    home.transact(() => {
      home.tags.add("x");
      home.tags.delete("x");
      home.on.enable();
      home.on.disable();
      home.settings.set("k", 1);
    });
    expect(take().map(({ container }) => container)).toEqual(["settings"]);
  });

  it("tell what a merge brought, and nothing when it brought nothing", async () => {
    const { ids, home, other, take } = await open();
    other.visits.increment();
    other.title.set("x");
    other.settings.setMany([
      ["a", 1],
      ["b", { deep: true }],
    ]);
    other.settings.delete("a");
    other.tags.addMany([{ a: 1 }, "y"]);
    other.on.enable();
    other.events.appendMany([1, 2]);
    pass(other, home);
    const remote = { origin: "remote" };
    const first = take();
    expect(first.find(({ container }) => container === "settings")).toMatchObject({ ...remote, set: ["b"] });
    expect(first.filter(({ container }) => container !== "settings")).toEqual([
      { container: "visits", type: "counter", ...remote, replicas: [ids[1]] },
      { container: "title", type: "register", ...remote, isPresent: true },
      { container: "tags", type: "set", ...remote, added: [{ a: 1 }, "y"], removed: [] },
      { container: "on", type: "flag", ...remote, isEnabled: true },
      { container: "events", type: "log", ...remote, appended: 2, isTruncated: false },
    ]);
    pass(other, home);
    expect(take()).toEqual([]);
    other.settings.delete("b");
    other.tags.delete("y");
    other.on.disable();
    other.title.delete();
    other.events.truncate({ keep: 1 });
    pass(other, home);
    expect(take()).toEqual([
      { container: "tags", type: "set", ...remote, added: [], removed: ["y"] },
      { container: "on", type: "flag", ...remote, isEnabled: false },
      { container: "settings", type: "map", ...remote, set: [], deleted: ["b"] },
      { container: "title", type: "register", ...remote, isPresent: false },
      { container: "events", type: "log", ...remote, appended: 0, isTruncated: true },
    ]);
  });

  it("do not tell of a write that lost", async () => {
    const { home, other, take } = await open();
    other.title.set("early");
    home.title.set("a");
    home.title.set("b");
    home.title.set("later");
    take();
    pass(other, home);
    expect(home.title.get()).toBe("later");
    expect(take()).toEqual([]);
  });

  it("do not tell of an element that was there and was added again", async () => {
    const { home, other, take } = await open();
    home.tags.add("x");
    converge(home, other);
    take();
    other.tags.delete("x");
    other.tags.add("x");
    pass(other, home);
    expect(take()).toEqual([]);
    expect(home.tags.has("x")).toBe(true);
  });

  it("tell of what a snapshot takes away", async () => {
    const { home, other, take } = await open();
    other.tags.addMany(["x", "y"]);
    pass(other, home);
    take();
    other.tags.delete("x");
    home.load(other.snapshot());
    expect(take()).toEqual([{ container: "tags", type: "set", origin: "remote", added: [], removed: ["x"] }]);
  });

  it("arrive in order at all listeners, also those of changes made by a listener", async () => {
    const { home, take, stop } = await open();
    const late: string[] = [];
    stop();
    home.subscribe((change) => {
      if (change.container === "visits") home.on.enable();
    });
    const stopLate = home.subscribe(({ container }) => late.push(container));
    home.visits.increment();
    expect(late).toEqual(["visits", "on"]);
    stopLate();
    home.visits.increment();
    expect(late).toEqual(["visits", "on"]);
    expect(take()).toEqual([]);
  });

  it("survive a listener that throws", async () => {
    const { home, other, take } = await open();
    const uncaught: unknown[] = [];
    const queue = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    });
    const failure = new Error("listener");
    const stop = home.subscribe(() => {
      throw failure;
    });
    const after = vi.fn();
    home.subscribe(after);
    other.visits.increment();
    pass(other, home);
    stop();
    queue.mockRestore();
    expect(uncaught).toEqual([failure]);
    expect(after).toHaveBeenCalledTimes(1);
    expect(take().length).toBe(1);
    expect(home.visits.value).toBe(1);
  });

  it("are frozen", async () => {
    const { home, take } = await open();
    home.visits.increment();
    expect(Object.isFrozen(take()[0])).toBe(true);
  });
});
