// A replica and its documents: options, names, closing, its own id in other hands, and clocks that are off.
import { describe, expect, it, vi } from "vitest";
import * as frontDoor from "../../host/index.ts";
import { counter, createReplica, type ReplicaEvent, register, schema, set } from "../../host/index.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { createSimulatedPlatform } from "../platform/simulated-platform.ts";
import { createMember, ENGINES, pass } from "./group.ts";

const Home = schema({ visits: counter(), title: register<string>(), tags: set<string>() });

it("the front door lists what there is", () => {
  expect(Object.keys(frontDoor).sort()).toEqual([
    "CrdtError",
    "ERROR_CODES",
    "VersionVector",
    "bounded",
    "compressSnapshot",
    "counter",
    "createReplica",
    "decompressSnapshot",
    "flag",
    "graph",
    "isCrdtError",
    "latest",
    "list",
    "loadEngine",
    "log",
    "map",
    "maximum",
    "maximumOf",
    "minimum",
    "minimumOf",
    "multiMap",
    "multiValue",
    "priority",
    "register",
    "schema",
    "series",
    "set",
    "sum",
    "union",
    "vote",
    "workflow",
  ]);
});

describe.each(ENGINES)("a replica on $name", (engine) => {
  it("says who it is and what runs it", async () => {
    const { replica } = await createMember(engine, "00000000000000aa");
    expect([replica.id, replica.engineName]).toEqual(["00000000000000aa", engine.name]);
    expect((await createReplica({ engine: engine.name })).engineName).toBe(engine.name);
    const [first, second] = [await createReplica({ engine }), await createReplica({ engine })];
    expect(first.id).toMatch(/^[0-9a-f]{16}$/);
    expect(first.id).not.toBe(second.id);
  });

  it("opens documents by name, side by side", async () => {
    const { replica } = await createMember(engine);
    const [a, b] = [await replica.open("a", Home), await replica.open("b", Home)];
    a.visits.increment();
    b.visits.increment(5);
    expect([a.visits.value, b.visits.value]).toEqual([1, 5]);
    expect(await replica.documentNames()).toEqual(["a", "b"]);
    for (const name of ["", "x".repeat(256), "\ud800"]) {
      await expect(replica.open(name)).rejects.toMatchObject({ code: "invalid-argument" });
    }
    expect((await replica.open("ü".repeat(127))).name.length).toBe(127);
    await a.close();
    expect(await replica.documentNames()).not.toContain("a");
    await replica.close();
    await replica.close();
    expect(() => b.visits.increment()).toThrow(expect.objectContaining({ code: "document-closed" }));
    await expect(replica.open("a")).rejects.toMatchObject({ code: "document-closed" });
  });

  it("keeps a document open that a session asked for", async () => {
    const { replica } = await createMember(engine);
    const host = hostOf(replica);
    const heard: string[] = [];
    host.onOpen(({ name }) => heard.push(`open ${name}`));
    host.onClose(({ name }) => heard.push(`close ${name}`));
    const home = await replica.open("home", Home);
    const core = await host.openCore("home");
    home.visits.increment();
    await home.close();
    expect(core.isClosed).toBe(false);
    expect([...host.documents()]).toEqual([core]);
    expect((await replica.open("home", Home)).visits.value).toBe(1);
    await replica.close();
    expect(core.isClosed).toBe(true);
    expect(heard).toEqual(["open home", "close home"]);
  });

  it("takes a new id when somebody else has written under its own", async () => {
    const [clone, original] = [
      await createMember(engine, "00000000000000cc"),
      await createMember(engine, "00000000000000cc"),
    ];
    const events: ReplicaEvent[] = [];
    clone.replica.subscribe((event) => events.push(event));
    const [copied, home] = [
      await clone.replica.open("home", Home),
      await original.replica.open("home", Home),
    ];
    const untouched = await clone.replica.open("another", Home);
    untouched.visits.increment();
    home.visits.increment(3);
    pass(home, copied);
    const id = clone.replica.id;
    expect(id).not.toBe("00000000000000cc");
    expect(events).toEqual([{ kind: "replica-id", id, previous: "00000000000000cc", reason: "id-taken" }]);
    copied.visits.increment(4);
    home.visits.increment(5);
    untouched.visits.increment();
    pass(copied, home);
    pass(home, copied);
    expect([copied.visits.value, home.visits.value]).toEqual([12, 12]);
    expect(copied.digest()).toBe(home.digest());
    expect(copied.versionVector().get(id)).toBe(1);
    expect(untouched.versionVector().toJSON()).toEqual({ "00000000000000cc": 1, [id]: 1 });
    expect(original.replica.id).toBe("00000000000000cc");
  });

  it("rotated by its surroundings writes what was pending under the old id", async () => {
    const { replica } = await createMember(engine);
    const before = replica.id;
    const home = await replica.open("home", Home);
    const heard: unknown[] = [];
    const [core] = hostOf(replica).documents();
    core!.onDelta(({ source }) => heard.push(source));
    const ids: string[] = [];
    hostOf(replica).onIdChange((id, previous) => ids.push(previous, id));
    home.visits.increment();
    const after = hostOf(replica).rotateId("store");
    expect(heard).toEqual(["local"]);
    home.visits.increment();
    core!.flushLocal();
    expect(heard).toEqual(["local", "local"]);
    expect(ids).toEqual([before, after]);
    expect(home.visits.breakdown().map(({ plus }) => plus)).toEqual([1, 1]);
  });

  it("rotated within a transaction changes after it", async () => {
    const { replica } = await createMember(engine);
    const home = await replica.open("home", Home);
    const before = replica.id;
    home.transact(() => {
      home.visits.increment();
      hostOf(replica).rotateId("id-taken");
      home.visits.increment();
    });
    home.visits.increment(5);
    expect(home.versionVector().toJSON()).toEqual({ [before]: 2, [replica.id]: 1 });
    expect(home.visits.value).toBe(7);
  });

  it("survives a listener of its events that throws", async () => {
    const { replica } = await createMember(engine);
    const uncaught = vi.spyOn(globalThis, "queueMicrotask").mockImplementation(() => {});
    replica.subscribe(() => {
      throw new Error("listener");
    });
    const heard = vi.fn();
    replica.subscribe(heard);
    hostOf(replica).rotateId("id-taken");
    expect(uncaught).toHaveBeenCalledTimes(1);
    uncaught.mockRestore();
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("reports timestamps ahead of its clock, and keeps its own time", async () => {
    const [first, second] = [await createMember(engine), await createMember(engine)];
    const [home, other] = [await first.replica.open("home", Home), await second.replica.open("home", Home)];
    second.platform.nowMs += 61_000;
    other.title.set("early bird");
    const events: ReplicaEvent[] = [];
    pass(other, home);
    first.replica.subscribe((event) => events.push(event));
    expect(events).toEqual([{ kind: "clock", aheadMs: 61_000, source: "merge", document: "home" }]);
    const [core] = hostOf(first.replica).documents();
    expect(core!.engine.clock() / 1024).toBeLessThan(first.platform.nowMs + 1);
    other.title.set("again");
    core!.merge(other.deltaSince(home.versionVector()), { peer: "abc" });
    hostOf(first.replica).reportClock(70_000, {});
    expect(events.slice(1)).toEqual([
      { kind: "clock", aheadMs: 61_000, source: "abc", document: "home" },
      { kind: "clock", aheadMs: 70_000, source: "peer", document: undefined },
    ]);
    const third = await createMember(engine);
    third.platform.nowMs -= 365 * 86_400_000;
    const late = await third.replica.open("home", Home);
    late.visits.increment();
    pass(late, home);
    expect(events.length).toBe(3);
    pass(home, late);
    late.title.set("a year behind");
    pass(late, home);
    expect(home.title.get()).toBe("a year behind");
  });

  it("takes a drift limit", async () => {
    const platform = createSimulatedPlatform(99);
    const strict = await createReplica({ engine, platform, driftLimitMs: 0 });
    const home = await strict.open("home", Home);
    const { replica, platform: ahead } = await createMember(engine);
    const other = await replica.open("home", Home);
    ahead.nowMs = platform.nowMs + 5;
    other.title.set("x");
    expect(home.merge(other.snapshot()).ahead).toBe(1);
  });
});

it("options that make no sense are refused", async () => {
  const codeOf = async (options: object): Promise<string> => {
    const opened = await createReplica(options).catch((error: { code: string }) => error.code);
    return typeof opened === "string" ? opened : "none";
  };
  const engine = ENGINES[0]!;
  expect(await codeOf({ engine, id: "1" })).toBe("invalid-argument");
  expect(await codeOf({ engine, driftLimitMs: -1 })).toBe("invalid-argument");
  expect(await codeOf({ engine, durability: "maybe" })).toBe("invalid-argument");
  expect(await codeOf({ engine, id: "00000000000000aa", storage: "x" })).toBe("invalid-argument");
  const platform = createSimulatedPlatform(7);
  expect(await codeOf({ engine: "rust", platform, storage: "place" })).toBe("invalid-argument");
  expect(await codeOf({ engine, platform, storage: "place" })).toBe("none");
});

it("a replica with a store finds its documents again", async () => {
  const platform = createSimulatedPlatform(5);
  const engine = ENGINES[0]!;
  const first = await createReplica({ engine, platform, storage: "place" });
  const home = await first.open("home", Home);
  home.visits.increment(7);
  home.tags.add("x");
  const peer = await (await createMember(engine)).replica.open("home", Home);
  peer.title.set("from afar");
  pass(peer, home);
  await home.durable();
  const [id, digest, vector] = [first.id, home.digest(), home.versionVector().toJSON()];
  await expect(createReplica({ engine, platform, storage: "place" })).rejects.toMatchObject({
    code: "store-locked",
  });
  await first.close();
  const second = await createReplica({ engine, platform, storage: "place" });
  expect(second.id).toBe(id);
  expect(await second.documentNames()).toEqual(["home"]);
  const again = await second.open("home", Home);
  expect([again.digest(), again.visits.value]).toEqual([digest, 7]);
  expect(again.versionVector().toJSON()).toEqual(vector);
  expect(Object.keys(vector).length).toBe(2);
  again.visits.increment();
  await again.close();
  const reopened = await second.open("home", Home);
  expect(reopened.visits.value).toBe(8);
  await second.close();
  const events = vi.fn();
  const crashed = platform.disks.get("place")!.afterCrash();
  crashed.isLocked = false;
  platform.disks.set("place", crashed);
  const third = await createReplica({ engine, platform, storage: "place" });
  third.subscribe(events);
  expect((await third.open("home", Home)).visits.value).toBe(8);
  await third.close();
});

it("a replica whose store lost something takes a new id before it writes", async () => {
  const platform = createSimulatedPlatform(6);
  const engine = ENGINES[0]!;
  const first = await createReplica({ engine, platform, storage: "place" });
  const home = await first.open("home", Home);
  for (let count = 0; count < 3; count++) {
    home.visits.increment();
    await home.durable();
  }
  await first.close();
  const id = first.id;
  const { records } = platform.disks.get("place")!;
  const [place, record] = [...records].filter(([key]) => key.includes("home")).at(-2)!;
  records.set(
    place,
    record.map((byte, index) => (index === record.length - 2 ? byte ^ 1 : byte)),
  );
  const second = await createReplica({ engine, platform, storage: "place" });
  const events: ReplicaEvent[] = [];
  second.subscribe((event) => events.push(event));
  const again = await second.open("home", Home);
  expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["store", "replica-id"]));
  expect(second.id).not.toBe(id);
  again.visits.increment();
  expect(again.versionVector().get(second.id)).toBe(1);
  await second.close();
});

it("connecting without a network is an error, and leaves a replica that works", async () => {
  const { replica } = await createMember(ENGINES[0]!);
  await expect(replica.connect("ws://127.0.0.1:1")).rejects.toMatchObject({ code: "connection-failed" });
  expect(replica.connections()).toEqual([]);
  (await replica.open("home", Home)).visits.increment();
  await replica.close();
  await expect(replica.connect("ws://127.0.0.1:1")).rejects.toMatchObject({ code: "document-closed" });
});
