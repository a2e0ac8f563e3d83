// Damage: every byte of a stored document flipped in turn, every record cut or taken away. Whatever is left must be
// a state some replica was truly in or could be brought to by merging, and the loss must be reported; never a wrong
// value, never an unreported hole.
import { expect, test } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { createSimulatedPlatform, type MemoryDisk } from "../platform/simulated-platform.ts";
import { createPeer, openOn, recordKeysOf } from "./store-bench.ts";
import type { Causes } from "./tally-document.ts";

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

interface Recorded {
  readonly disk: MemoryDisk;
  readonly causes: Causes;
  readonly truth: Record<string, number[]>;
  readonly replica: ReplicaId;
}

/** A closed store whose document has local, remote and mixed records; after `snapshotAt` records a snapshot. */
async function record(rounds: number, padding = 0): Promise<Recorded> {
  const platform = createSimulatedPlatform();
  const causes: Causes = new Map();
  const { store, open } = await openOn(platform, undefined, { causes });
  const home = await open("home");
  const peers = [createPeer("00000000000000aa", causes), createPeer("ff000000000000aa", causes)];
  for (let round = 0; round < rounds; round++) {
    if (round % 3 !== 1) home.write(round);
    if (round % 3 !== 2) peers[round % 2]!.send(home.core, round);
    for (let number = 0; number < padding; number++) home.write(number);
    await store.durable(home.core);
  }
  await store.close();
  return { disk: platform.disks.get("data")!, causes, truth: home.document.toJSON(), replica: store.replica };
}

/** Opens a damaged copy; checks that nothing is wrong, and that what is missing is reported. */
async function examine(disk: MemoryDisk, recorded: Recorded) {
  const platform = createSimulatedPlatform(77);
  const opened = await openOn(platform, disk, { causes: recorded.causes });
  const home = await opened.open("home");
  home.document.checkCauses();
  const state = home.document.toJSON();
  for (const [id, numbers] of Object.entries(state)) {
    expect(recorded.truth[id]!.slice(0, numbers.length)).toEqual(numbers);
  }
  const isWhole = JSON.stringify(state) === JSON.stringify(recorded.truth);
  if (!isWhole) expect(opened.events.length).toBeGreaterThan(0);
  return { ...opened, ...home, state, isWhole, platform };
}

/** The head record as it was written with the first record of the document. */
function firstHead(disk: MemoryDisk): Uint8Array {
  for (const item of disk.batches.flatMap(({ writes }) => writes)) {
    if (item.type === "put" && item.key === "head/home") return item.value;
  }
  throw new Error("no head was written");
}

test("each byte of each record flipped", async () => {
  const recorded = await record(12);
  let flips = 0;
  for (const key of recorded.disk.sortedKeys()) {
    for (let index = 0; index < recorded.disk.records.get(key)!.length; index++) {
      const disk = recorded.disk.copy();
      disk.fingerprint = recorded.disk.fingerprint;
      disk.records.get(key)![index]! ^= 1 << (flips++ % 8);
      const { events, stored, store } = await examine(disk, recorded);
      expect(events.length, `${key} byte ${index}`).toBeGreaterThan(0);
      if (key.startsWith("record/") || key.startsWith("head/")) expect(stored.isDamaged).toBe(true);
      else expect(store.replica).not.toBe(recorded.replica);
    }
  }
  expect(flips).toBeGreaterThan(1_000);
});

test("each byte of each key flipped", async () => {
  const recorded = await record(12);
  for (const key of recorded.disk.sortedKeys()) {
    for (let index = 0; index < key.length; index++) {
      const disk = recorded.disk.copy();
      disk.fingerprint = recorded.disk.fingerprint;
      const flipped = String.fromCharCode(key.charCodeAt(index) ^ 1);
      const value = disk.records.get(key)!;
      disk.records.delete(key);
      disk.records.set(key.slice(0, index) + flipped + key.slice(index + 1), value);
      const { events } = await examine(disk, recorded);
      expect(events.length, `${key} byte ${index}`).toBeGreaterThan(0);
    }
  }
});

test("a record that is not whole at the end is cut, and the chain goes on over it", async () => {
  const recorded = await record(12);
  const last = recordKeysOf(recorded.disk).at(-1)!;
  for (let length = 0; length < recorded.disk.records.get(last)!.length; length++) {
    const disk = recorded.disk.copy();
    // As after a crash: no mark, and a head that knows of the first record only.
    disk.records.delete("closed");
    disk.records.set("head/home", firstHead(recorded.disk));
    disk.records.set(last, disk.records.get(last)!.slice(0, length));
    const { events, store, write, core, document, platform } = await examine(disk, recorded);
    expect(events.map((event) => event.kind)).toEqual(["new-replica-id", "torn-tail"]);
    expect(events[1]).toMatchObject({ document: "home", place: 12, kept: 0, dropped: 1 });
    write(4711);
    await store.durable(core);
    await store.close();
    const again = await openOn(platform);
    expect((await again.open("home")).document.toJSON()).toEqual(document.toJSON());
    expect(again.events).toEqual([]);
  }
});

test("each record taken away: what merges behind the hole is kept, and the store heals", async () => {
  const recorded = await record(12);
  let keptSome = 0;
  for (const [index, key] of recordKeysOf(recorded.disk).entries()) {
    const disk = recorded.disk.copy();
    disk.fingerprint = recorded.disk.fingerprint;
    disk.records.delete(key);
    const { events, core, document, store, stored, write, platform, isWhole } = await examine(disk, recorded);
    const problem = events.find((event) => event.kind === "hole");
    expect(problem).toMatchObject({ document: "home", place: index + 1 });
    expect(problem!.kept! + problem!.dropped!).toBe(12 - index);
    expect(isWhole).toBe(false);
    expect(stored.isDamaged).toBe(true);
    keptSome += problem!.kept!;
    // The replica takes a new id, a peer brings the rest, and from then on all is well.
    const renewed = "0000000000001234" as ReplicaId;
    core.setReplica(renewed);
    store.setReplica(renewed);
    const peer = createPeer("00000000000000aa", recorded.causes);
    for (const [id, numbers] of Object.entries(recorded.truth))
      peer.document.numbers.set(id as ReplicaId, [...numbers]);
    peer.send(core, 1);
    write(2);
    await store.durable(core);
    expect(document.toJSON()).toMatchObject({
      ...recorded.truth,
      [renewed]: [2],
      "00000000000000aa": expect.anything(),
    });
    await store.close();
    const again = await openOn(platform, undefined, { causes: recorded.causes });
    expect((await again.open("home")).document.toJSON()).toEqual(document.toJSON());
    expect(again.events).toEqual([]);
    expect(again.store.replica).toBe(renewed);
    await again.store.close();
  }
  expect(keptSome).toBeGreaterThan(0);
});

test("pairs of records taken away, with a crash before the repair is written", async () => {
  const recorded = await record(9);
  const keys = recordKeysOf(recorded.disk);
  for (const first of keys) {
    for (const second of keys) {
      const disk = recorded.disk.copy();
      disk.records.delete(first);
      disk.records.delete(second);
      const { state } = await examine(disk, recorded);
      const { state: again, events, store, core } = await examine(disk.afterCrash(), recorded);
      expect(again).toEqual(state);
      expect(events.some((event) => event.kind === "hole")).toBe(true);
      await store.durable(core);
      await turn();
    }
  }
});

test("bytes flipped around a snapshot", async () => {
  const recorded = await record(40, 300);
  const keys = recordKeysOf(recorded.disk);
  expect(recorded.disk.batches.some(({ writes }) => writes.some((item) => item.type === "del"))).toBe(true);
  for (let flip = 0; flip < 60; flip++) {
    const disk = recorded.disk.copy();
    disk.fingerprint = recorded.disk.fingerprint;
    const key = keys[flip % keys.length]!;
    const bytes = disk.records.get(key)!;
    bytes[(flip * 7919) % bytes.length]! ^= 1 << (flip % 8);
    const { events } = await examine(disk, recorded);
    expect(events.some((event) => event.kind === "hole")).toBe(true);
  }
});

test("a snapshot that turns out unreadable before its predecessors went: they stand in", async () => {
  const recorded = await record(40, 300);
  const before = recorded.disk.afterCrash();
  before.records.clear();
  for (const { writes } of recorded.disk.batches) {
    if (writes.some((item) => item.type === "del" && item.key.startsWith("record/"))) break;
    for (const item of writes) if (item.type === "put") before.records.set(item.key, item.value.slice());
  }
  const snapshot = recordKeysOf(before).at(-1)!;
  before.records.get(snapshot)![100]! ^= 4;
  const { events, state } = await examine(before, recorded);
  expect(events.map((event) => event.kind)).toEqual(["new-replica-id", "hole"]);
  expect(Object.values(state).flat().length).toBeGreaterThan(1_000);
});

test("readable records that cannot be merged are set aside", async () => {
  const recorded = await record(12);
  const disk = recorded.disk.copy();
  disk.records.delete(recordKeysOf(disk)[0]!);
  const { store, core, events } = await examine(disk, recorded);
  await store.durable(core);
  await turn();
  const { kept } = events.find((event) => event.kind === "hole")!;
  expect(disk.sortedKeys({ from: "aside/", to: "aside0" }).length).toBe(11 - kept!);
  await store.close();
});

test("a record from another life of the same directory does not join the chain", async () => {
  const recorded = await record(8);
  const other = await record(9);
  const disk = recorded.disk.copy();
  const key = recordKeysOf(disk)[5]!;
  expect(other.disk.records.get(key)).toEqual(disk.records.get(key));
  const platform = createSimulatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  for (let number = 0; number < 8; number++) {
    home.write(9);
    await store.durable(home.core);
  }
  disk.records.set(key, platform.disks.get("data")!.records.get(key)!);
  const { events } = await examine(disk, recorded);
  expect(events.find((event) => event.kind === "hole")).toMatchObject({ place: 6 });
});
