// The calls that concern a whole document: bytes in and out, digests, what is refused, and what passes through.
import { describe, expect, it, vi } from "vitest";
import { counter, log, map, register, schema, set, type Value, VersionVector } from "../../host/index.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({ visits: counter(), settings: map<Record<string, Value>>(), tags: set<string>() });

describe.each(ENGINES)("a document on $name", (engine) => {
  const pair = async () => {
    const { members, documents } = await openGroup(engine, Home, 2);
    return { members, home: documents[0]!, other: documents[1]! };
  };

  it("moves as snapshot and as delta, to equal digests", async () => {
    const { members, home, other } = await pair();
    home.settings.set("a", 1);
    other.load(home.snapshot());
    expect(other.digest()).toBe(home.digest());
    home.settings.set("b", 2);
    const delta = home.deltaSince(other.versionVector());
    expect(other.merge(delta)).toEqual({ changed: true, ahead: 0, aheadMs: 0 });
    expect(other.merge(delta)).toEqual({ changed: false, ahead: 0, aheadMs: 0 });
    expect(other.digest()).toBe(home.digest());
    expect(home.digest()).toMatch(/^[0-9a-f]{16}$/);
    expect(home.versionVector().toJSON()).toEqual({ [members[0]!.replica.id]: 2 });
    expect(home.versionVector().equals(other.versionVector())).toBe(true);
    expect(home.name).toBe("home");
    expect(home.statistics()).toEqual({ replicas: 1, entries: 2, deletedMarks: 0, removals: 0 });
  });

  it("gives a version vector that is the caller's own", async () => {
    const { home } = await pair();
    const vector = home.versionVector();
    vector.advance("00000000000000ff" as never, 9);
    home.visits.increment();
    expect(home.versionVector().size).toBe(1);
    expect(home.versionVector().covers(new VersionVector())).toBe(true);
  });

  it("refuses bytes that do not fit and stays as it was", async () => {
    const { members, home, other } = await pair();
    home.settings.set("a", 1);
    const seen = home.versionVector();
    home.settings.set("b", 2);
    const before = other.digest();
    const codeOf = (bytes: Uint8Array): string => {
      try {
        other.merge(bytes);
        return "none";
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(codeOf(home.deltaSince(seen))).toBe("gap");
    const damaged = home.snapshot();
    damaged[damaged.length - 6]! ^= 1;
    expect(codeOf(damaged)).toBe("checksum-mismatch");
    expect(codeOf(new Uint8Array(3))).toBe("malformed-delta");
    const core = [...hostOf(members[0]!.replica).documents()][0]!;
    const stream = core.engine.localDelta(0);
    expect(codeOf(stream)).toBe("stream-delta");
    expect(() => other.load(stream)).toThrow(/merge deltaSince\(\) or snapshot\(\) bytes/);
    expect(other.digest()).toBe(before);
  });

  it("passes containers through that its schema does not know", async () => {
    const { home, other } = await pair();
    const { replica } = await createMember(engine);
    const relay = await replica.open("home");
    home.settings.set("a", 1);
    home.tags.add("x");
    pass(home, relay);
    expect(relay.containers().map(({ name, type, size }) => [name, type, size])).toEqual([
      ["settings", "map", 1],
      ["tags", "set", 1],
    ]);
    expect(relay.toJSON()).toEqual({});
    pass(relay, other);
    expect(other.digest()).toBe(home.digest());
    const later = await replica.open("home", Home);
    expect(later.settings.get("a")).toBe(1);
  });

  it("takes a schema of another type for a container that holds something as an error", async () => {
    const { home } = await pair();
    home.settings.set("a", 1);
    const { replica } = await createMember(engine);
    const relay = await replica.open("home");
    pass(home, relay);
    await expect(replica.open("home", schema({ settings: set<string>() }))).rejects.toMatchObject({
      code: "container-type",
      message: expect.stringMatching(/"settings" of document "home" holds a map, the schema says set/),
    });
    expect((await replica.open("home", schema({ tags: log<string>() }))).tags.size).toBe(0);
  });

  it("has one state behind every view of it", async () => {
    const { replica } = await createMember(engine);
    const [first, second] = await Promise.all([
      replica.open("home", Home),
      replica.open("home", schema({ visits: counter() })),
    ]);
    first.visits.increment();
    expect(second.visits.value).toBe(1);
    expect(second.visits).toBe(first.visits);
    expect(Object.keys(second.toJSON())).toEqual(["visits"]);
    await second.close();
    await second.close();
    first.visits.increment();
    expect(first.visits.value).toBe(2);
    await first.close();
    expect(() => first.visits.increment()).toThrow(expect.objectContaining({ code: "document-closed" }));
    expect(() => first.visits.value).toThrow(expect.objectContaining({ code: "document-closed" }));
    expect(() => first.digest()).toThrow(expect.objectContaining({ code: "document-closed" }));
  });

  it("brings back nothing that was compacted away while a replica was gone", async () => {
    const { members, home, other } = await pair();
    home.tags.addMany(["dead", "alive"]);
    home.settings.set("dead", 1);
    converge(home, other);
    const { replica } = await createMember(engine);
    const offline = await replica.open("home", Home);
    pass(home, offline);
    home.tags.delete("dead");
    home.settings.delete("dead");
    for (const { platform } of members) platform.nowMs += 1000;
    converge(home, other);
    home.compact({ members: [other.versionVector()] });
    offline.visits.increment(3);
    converge(home, other, offline);
    for (const document of [home, other, offline]) {
      expect(document.toJSON()).toEqual({ visits: 3, settings: {}, tags: ["alive"] });
    }
  });

  it("emits local deltas once a turn, and remote ones at once as they came", async () => {
    const { members, home, other } = await pair();
    const core = [...hostOf(members[0]!.replica).documents()][0]!;
    home.visits.increment();
    const heard: { bytes: Uint8Array; source: unknown }[] = [];
    const stop = core.onDelta((delta) => heard.push(delta));
    home.visits.increment();
    other.settings.set("a", 1);
    const remote = other.deltaSince(new VersionVector());
    const source = { peer: "somebody" };
    core.merge(remote, source);
    core.merge(remote, source);
    expect(heard).toEqual([{ bytes: remote, source }]);
    expect(heard[0]!.bytes).toBe(remote);
    home.visits.increment();
    expect(core.versionVector.get(members[0]!.replica.id)).toBe(3);
    await vi.waitFor(() => expect(heard.length).toBe(2));
    expect(heard[1]!.source).toBe("local");
    expect(core.versionVector.encode()).toEqual(core.engine.versionVector());
    core.flushLocal();
    expect(heard.length).toBe(2);
    stop();
    home.visits.increment();
    core.flushLocal();
    expect(heard.length).toBe(2);
    core.onDelta((delta) => heard.push(delta));
    home.visits.increment();
    core.flushLocal();
    expect(heard.length).toBe(3);
    await home.durable();
  });

  it("asks for the end of the turn once, and a new listener hears of nothing before it", async () => {
    const { members, home } = await pair();
    const turnEnds = vi.spyOn(members[0]!.platform, "onTurnEnd");
    const [core] = hostOf(members[0]!.replica).documents();
    const [early, late] = [vi.fn(), vi.fn()];
    core!.onDelta(early);
    for (let count = 0; count < 10; count++) home.visits.increment();
    home.transact(() => home.visits.increment());
    expect(turnEnds).toHaveBeenCalledTimes(1);
    core!.onDelta(late);
    expect([early.mock.calls.length, late.mock.calls.length]).toEqual([1, 0]);
    await new Promise((resolve) => setImmediate(resolve));
    expect([early.mock.calls.length, late.mock.calls.length]).toEqual([1, 0]);
    home.visits.increment();
    await home.close();
    expect([early.mock.calls.length, late.mock.calls.length]).toEqual([2, 1]);
    await new Promise((resolve) => setImmediate(resolve));
  });

  it("holds 50,000 entries in well under 500 MB, and passes 10,000 on in well under 30 s", async () => {
    const { members, home, other } = await pair();
    const heapBefore = process.memoryUsage().rss;
    home.settings.setMany(
      Array.from({ length: 50_000 }, (_, index): [string, Value] => [
        `entry-${index}`,
        { index, text: "value" },
      ]),
    );
    expect([...home.settings.values()].length).toBe(50_000);
    expect(process.memoryUsage().rss - heapBefore).toBeLessThan(250_000_000);
    const start = performance.now();
    for (let index = 0; index < 10_000; index++) other.settings.set(`other-${index}`, index);
    converge(home, other);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect([home.settings.size, other.settings.size]).toEqual([60_000, 60_000]);
    await Promise.all(members.map(({ replica }) => replica.close()));
  });
});

it("a document that cannot be opened with a schema is let go of", async () => {
  const { replica } = await createMember(ENGINES[0]!);
  const home = await replica.open("home", Home);
  home.tags.add("x");
  await expect(replica.open("home", schema({ tags: log<string>() }))).rejects.toMatchObject({
    code: "container-type",
  });
  expect(home.tags.size).toBe(1);
  await home.close();
  expect([...hostOf(replica).documents()]).toEqual([]);
});

it("a read of bytes that are no value says who is at fault", async () => {
  const { replica } = await createMember(ENGINES[0]!);
  const home = await replica.open(
    "home",
    schema({
      title: register<string>(),
      settings: map<Record<string, Value>>(),
      tags: set<Value>(),
      events: log<Value>(),
    }),
  );
  const { OPCODES } = await import("../../host/engine/engine.ts");
  const core = [...hostOf(replica).documents()][0]!;
  const put = (container: number, key: number[], payload: number[]): void => {
    const bytes = [
      OPCODES.put,
      container,
      0,
      key.length,
      0,
      0,
      0,
      payload.length,
      0,
      0,
      0,
      ...key,
      ...payload,
    ];
    core.engine.mutate(Uint8Array.from(bytes), bytes.length, 0);
  };
  put(core.engine.container("register", "title"), [], [0xff]);
  expect(() => home.title.get()).toThrow(expect.objectContaining({ code: "invalid-value" }));
  expect(() => home.title.get()).toThrow(/^register "title" holds bytes that are no canonical CBOR/);
  put(core.engine.container("map", "settings"), [0x61], [0xff]);
  expect(() => home.settings.get("a")).toThrow(/^map "settings" under key "a" holds bytes/);
  expect(() => [...home.settings]).toThrow(/^map "settings" holds bytes that are no canonical CBOR/);
  expect([...home.settings.keys()]).toEqual(["a"]);
  expect(home.settings.delete("a")).toBe(true);
  put(core.engine.container("map", "settings"), [0xff], [1]);
  expect(() => [...home.settings.keys()]).toThrow(
    /^map "settings" holds bytes of a key or string that are no WTF-8/,
  );
  expect(() => [...home.settings]).toThrow(expect.objectContaining({ code: "invalid-value" }));
  const add = (container: number, element: number[]): void => {
    const bytes = [OPCODES.add, container, 0, element.length, 0, 0, 0, ...element];
    core.engine.mutate(Uint8Array.from(bytes), bytes.length, 0);
  };
  add(core.engine.container("set", "tags"), [0x18, 0x17]);
  expect(() => [...home.tags]).toThrow(/^set "tags" holds bytes that are no canonical CBOR/);
  const appended = [OPCODES.append, core.engine.container("log", "events"), 0, 1, 0, 0, 0, 0xff];
  core.engine.mutate(Uint8Array.from(appended), appended.length, 0);
  expect(() => home.events.entries()).toThrow(/^log "events" holds bytes/);
  const peer = await createMember(ENGINES[0]!);
  const other = await peer.replica.open("home", schema({ settings: map<Record<string, Value>>() }));
  const heard = vi.fn();
  other.subscribe(heard);
  other.load(home.snapshot());
  expect(heard.mock.calls).toEqual([[expect.objectContaining({ set: [], deleted: ["a"] })]]);
  expect(other.digest()).toBe(home.digest());
});
