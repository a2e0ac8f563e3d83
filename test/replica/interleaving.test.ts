// What happens in between: writes of subscribers, closing while opening, ids given up half-way, buffers used again.
import { describe, expect, it } from "vitest";
import { OPCODES } from "../../host/engine/engine.ts";
import { createReplica, log, type ReplicaEvent } from "../../host/index.ts";
import { hostOf, type Replica } from "../../host/replica/replica.ts";
import { counter, flag, map, schema, set } from "../../host/replica/schema.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { createSimulatedPlatform } from "../platform/simulated-platform.ts";
import { createMember, ENGINES } from "./group.ts";

const Home = schema({ visits: counter(), on: flag(), tags: set(), settings: map(), lines: log<string>() });
const engine = ENGINES[0]!;

function eventsOf(replica: Replica): ReplicaEvent[] {
  const events: ReplicaEvent[] = [];
  replica.subscribe((event) => events.push(event));
  return events;
}

describe("a subscriber that writes", () => {
  it("keeps the replica's id, and what it wrote leaves like any other write", async () => {
    const [here, there] = [await createMember(engine), await createMember(engine)];
    const [home, afar] = [await here.replica.open("home", Home), await there.replica.open("home", Home)];
    const events = eventsOf(here.replica);
    const core = await hostOf(here.replica).openCore("home");
    const sources: unknown[] = [];
    core.onDelta(({ source }) => sources.push(source));
    home.subscribe(({ origin }) => {
      if (origin === "local") return;
      home.visits.increment();
      home.versionVector();
    });
    afar.on.enable();
    home.merge(afar.snapshot());
    core.flushLocal();
    expect(events).toEqual([]);
    expect(sources).toEqual(["merge", "local"]);
  });

  it("is not called again once it has stopped listening", async () => {
    const home = await (await createMember(engine)).replica.open("home", Home);
    const seen: string[] = [];
    let stop = () => {};
    home.subscribe(() => stop());
    stop = home.subscribe(({ container }) => seen.push(container));
    home.on.enable();
    expect(seen).toEqual([]);
  });
});

describe("an id that a merge shows to be taken", () => {
  it("is given up by every document before subscribers write, also behind a raised floor", async () => {
    const [here, copy] = [
      await createMember(engine, "00000000000000c1"),
      await createMember(engine, "00000000000000c1"),
    ];
    const [home, other] = [await here.replica.open("home", Home), await here.replica.open("other", Home)];
    const twin = await copy.replica.open("home", Home);
    const core = await hostOf(here.replica).openCore("home");
    core.onDelta(() => {});
    home.tags.add("pending");
    for (let index = 0; index < 3; index++) twin.visits.increment();
    twin.compact({ members: [] });
    let idInside = "";
    home.subscribe(() => {
      idInside = core.replica;
    });
    home.merge(twin.snapshot());
    expect(here.replica.id).not.toBe("00000000000000c1");
    expect(idInside).toBe(here.replica.id);
    other.visits.increment();
    expect(other.versionVector().get(here.replica.id)).toBe(1);
  });
});

describe("closing", () => {
  it("while the same document is opened gives a view that lives", async () => {
    const platform = createSimulatedPlatform(91);
    const replica = await createReplica({ engine, platform, storage: "data" });
    const first = await replica.open("home", Home);
    first.lines.append("one");
    await first.durable();
    let view = first;
    for (let turns = 0; turns < 6; turns++) {
      view.lines.append(`turn ${turns}`);
      // Somewhere between the write and its arrival on the disk.
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      const opening = replica.open("home", Home);
      const closing = view.close();
      view = await opening;
      await closing;
      view.lines.append(`then ${turns}`);
      await view.durable();
    }
    await replica.close();
    const again = await createReplica({ engine, platform, storage: "data" });
    const last = await again.open("home", Home);
    expect(last.lines.toJSON()).toEqual([
      "one",
      ...[0, 1, 2, 3, 4, 5].flatMap((turns) => [`turn ${turns}`, `then ${turns}`]),
    ]);
    await again.close();
  });

  it("refuses what is written from then on, and inside transact changes nothing", async () => {
    const home = await (await createMember(engine)).replica.open("home", Home);
    let closing: Promise<void> | undefined;
    home.transact(() => {
      home.visits.increment();
      closing = home.close();
    });
    await expect(closing).rejects.toMatchObject({ code: "invalid-argument" });
    home.visits.increment();
    expect(home.visits.value).toBe(2);
    const closed = home.close();
    expect(() => home.visits.increment()).toThrow(expect.objectContaining({ code: "document-closed" }));
    expect(() => home.transact(() => {})).toThrow(expect.objectContaining({ code: "document-closed" }));
    await closed;
  });
});

describe("a merged buffer", () => {
  it("may be filled again before the store has written it", async () => {
    const platform = createSimulatedPlatform(92);
    const afar = await (await createMember(engine)).replica.open("home", Home);
    afar.visits.increment(5);
    const buffer = afar.snapshot();
    const replica = await createReplica({ engine, platform, storage: "data" });
    const home = await replica.open("home", Home);
    home.merge(buffer);
    buffer.fill(0);
    await replica.close();
    const again = await createReplica({ engine, platform, storage: "data" });
    expect((await again.open("home", Home)).visits.value).toBe(5);
    await again.close();
  });
});

describe("networking that could not be loaded", () => {
  it("is tried again by the next connect, and does not keep the replica from closing", async () => {
    const { Replica: Made } = await import("../../host/replica/replica.ts");
    let attempts = 0;
    const replica = new Made({
      platform: createSimulatedPlatform(93),
      engine,
      id: "00000000000000c3" as never,
      driftLimitMs: 60_000,
      store: undefined,
      createNetwork: async () => {
        attempts++;
        throw new Error("out of reach");
      },
    });
    await expect(replica.connect("ws://x")).rejects.toThrow("out of reach");
    await expect(replica.connect("ws://x")).rejects.toThrow("out of reach");
    expect(attempts).toBe(2);
    await replica.close();
  });
});

describe("what a faulty program wrote", () => {
  it("is left out of changes, and can be cleared away by who listens", async () => {
    const faulty = await createMember(engine);
    await faulty.replica.open("home", Home);
    const { engine: document } = await hostOf(faulty.replica).openCore("home");
    const batch = new ByteWriter();
    for (const [opcode, type, name, length] of [
      [OPCODES.add, "set", "tags", 1],
      [OPCODES.put, "map", "settings", 1],
    ] as const) {
      batch.u8(opcode);
      batch.u16(document.container(type, name));
      batch.u32(length);
      if (opcode === OPCODES.put) batch.u32(1);
      for (let index = 0; index < (opcode === OPCODES.put ? 2 : 1); index++) batch.u8(0xff);
    }
    document.mutate(batch.bytes, batch.length, 1_700_000_000_000);
    const { replica } = await createMember(engine);
    const home = await replica.open("home", Home);
    const seen: unknown[] = [];
    home.subscribe((change) => {
      if (change.type === "set") seen.push([...change.added], [...change.removed]);
    });
    home.tags.add("good");
    home.settings.set("good", 1);
    home.merge((await hostOf(faulty.replica).openCore("home")).snapshot());
    expect(() => home.tags.toJSON()).toThrow(expect.objectContaining({ code: "invalid-value" }));
    home.tags.clear();
    home.settings.clear();
    expect(seen).toEqual([["good"], [], [], [], [], ["good"]]);
    expect(home.toJSON()).toMatchObject({ tags: [], settings: {} });
  });
});

describe("a value whose getter uses the document", () => {
  it("is refused whole, and what was written before it in the transaction stays", async () => {
    const home = await (await createMember(engine)).replica.open("home", Home);
    const code = "invalid-argument";
    for (const use of [
      () => home.visits.increment(),
      () => home.tags.size,
      () => home.lines.append("inside"),
    ]) {
      const value = {
        first: 1,
        get second() {
          use();
          return 2;
        },
      };
      home.transact(() => {
        home.lines.append("before");
        expect(() => home.settings.set("value", value)).toThrow(expect.objectContaining({ code }));
        home.lines.append("after");
      });
      expect(() => home.lines.append(value as never)).toThrow(expect.objectContaining({ code }));
      expect(() => home.tags.add(value)).toThrow(expect.objectContaining({ code }));
    }
    expect(home.lines.toJSON()).toEqual(["before", "after", "before", "after", "before", "after"]);
    expect(home.toJSON()).toMatchObject({ visits: 0, tags: [], settings: {} });
  });
});

describe("a log", () => {
  it("is cut at a place only, and a wrong one leaves nothing behind", async () => {
    const home = await (await createMember(engine)).replica.open("home", Home);
    home.lines.append("one");
    const wrong = { timestamp: 1, sequence: 1 } as never;
    expect(() => home.lines.truncate({ through: wrong })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
    home.lines.append("two");
    expect(home.lines.toJSON()).toEqual(["one", "two"]);
  });
});
