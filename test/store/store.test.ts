// The store on a simulated disk: what is written comes back, writes are grouped, durability means what it says, and
// full disks, compaction and closing behave.
import { expect, test } from "vitest";
import { encodeRecord, FORMAT_KEY } from "../../host/store/record.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { createSimulatedPlatform, diskFull, MemoryDisk } from "../platform/simulated-platform.ts";
import { createPeer, openOn, recordKeysOf } from "./store-bench.ts";

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

test("what was written comes back, and so does the clock", async () => {
  const platform = createSimulatedPlatform();
  const first = await openOn(platform);
  const home = await first.open("home / ä");
  const peer = createPeer("00000000000000aa");
  for (let number = 0; number < 10; number++) {
    home.write(number);
    peer.send(home.core, number * 100);
    await turn();
  }
  const state = home.document.toJSON();
  const clock = home.core.engine.clock();
  await first.store.close();

  const second = await openOn(platform);
  expect(await second.store.names()).toEqual(["home / ä"]);
  const again = await second.open("home / ä");
  expect(again.document.toJSON()).toEqual(state);
  expect(again.stored.clock).toBe(clock);
  expect(again.stored.isDamaged).toBe(false);
  expect(second.store.replica).toBe(first.store.replica);
  expect([...first.events, ...second.events]).toEqual([]);
  await second.store.close();
});

test("a session that writes nothing leaves every record as it was", async () => {
  const platform = createSimulatedPlatform();
  const first = await openOn(platform);
  const home = await first.open("home");
  home.write(1);
  await first.store.close();
  const disk = platform.disks.get("data")!;
  const before = [...disk.records].sort();
  const second = await openOn(platform);
  await second.open("home");
  await second.store.close();
  expect([...disk.records].sort()).toEqual(before);
});

test("one turn's writes to many documents go as one batch with one record each", async () => {
  const platform = createSimulatedPlatform();
  const { store, open } = await openOn(platform);
  const [left, right] = [await open("left"), await open("right")];
  const disk = platform.disks.get("data")!;
  const batches = disk.batches.length;
  const peer = createPeer("00000000000000aa");
  for (let number = 0; number < 100; number++) {
    left.write(number);
    right.write(number);
    peer.send(right.core, number);
  }
  await Promise.all([store.durable(left.core), store.durable(right.core), store.durable(right.core)]);
  expect(disk.batches.length).toBe(batches + 1);
  expect(recordKeysOf(disk).length).toBe(2);
  await store.close();
});

test("durable waits for what was done before it, and only flushes when asked to", async () => {
  for (const durability of ["buffered", "flushed"] as const) {
    const platform = createSimulatedPlatform();
    const { store, open } = await openOn(platform, undefined, { durability });
    const home = await open("home");
    const disk = platform.disks.get("data")!;
    for (let number = 1; number <= 20; number++) {
      home.write(number);
      await store.durable(home.core);
      const batches = disk.batches.length;
      const crashed = createSimulatedPlatform(number + 1);
      const after = await openOn(crashed, disk.afterCrash());
      expect((await after.open("home")).document.toJSON()).toEqual(home.document.toJSON());
      expect(disk.batches[batches - 1]!.flush).toBe(durability === "flushed");
    }
    await store.close();
  }
});

test("a log that outgrows its snapshot becomes one, and the old records go", async () => {
  const platform = createSimulatedPlatform();
  const first = await openOn(platform);
  const home = await first.open("home");
  const disk = platform.disks.get("data")!;
  let recordsMax = 0;
  for (let number = 0; number < 3_000; number++) {
    home.write(number);
    if (number % 4 === 3) await first.store.durable(home.core);
    recordsMax = Math.max(recordsMax, recordKeysOf(disk).length);
  }
  const snapshots = disk.batches.filter(({ writes }) => writes.some((item) => item.key.startsWith("head/")));
  expect(snapshots.length).toBeGreaterThan(1);
  expect(snapshots.length).toBeLessThan(6);
  expect(recordKeysOf(disk).length).toBeLessThan(recordsMax);
  await first.store.close();
  const second = await openOn(platform);
  expect((await second.open("home")).document.toJSON()).toEqual(home.document.toJSON());
  expect(second.events).toEqual([]);
  await second.store.close();
});

test("a crash at any batch of a compaction leaves the old records or the new snapshot", async () => {
  const platform = createSimulatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  const disk = platform.disks.get("data")!;
  for (let number = 0; number < 3_000; number++) {
    home.write(number);
    if (number % 4 === 3) await store.durable(home.core);
  }
  const replay = new MemoryDisk();
  let known = 0;
  for (const { writes } of disk.batches) {
    for (const item of writes) {
      if (item.type === "put") replay.records.set(item.key, item.value);
      else replay.records.delete(item.key);
    }
    if (!writes.some((item) => item.type === "del" || item.key.startsWith("head/"))) continue;
    const after = await openOn(createSimulatedPlatform(), replay.afterCrash());
    const { document } = await after.open("home");
    const numbers = document.toJSON()[store.replica] ?? [];
    expect(numbers.length).toBeGreaterThanOrEqual(known);
    expect(after.events.filter((event) => event.kind !== "new-replica-id")).toEqual([]);
    known = numbers.length;
  }
  expect(known).toBeGreaterThan(1_000);
  await store.close();
});

test("a full disk: durable says so once, memory goes on, and freed space is used", async () => {
  const platform = createSimulatedPlatform();
  const first = await openOn(platform);
  const home = await first.open("home");
  home.write(1);
  await first.store.durable(home.core);
  const disk = platform.disks.get("data")!;
  const opened = disk.opened;
  disk.failure = diskFull();
  for (let number = 2; number <= 4; number++) {
    home.write(number);
    await expect(first.store.durable(home.core)).rejects.toMatchObject({ code: "store-full" });
  }
  expect(first.events.map((event) => event.kind)).toEqual(["write-failed"]);
  expect(home.document.toJSON()).toEqual({ [first.store.replica]: [1, 2, 3, 4] });
  disk.failure = undefined;
  platform.advance(1_000);
  await turn();
  await first.store.durable(home.core);
  expect(disk.opened).toBeGreaterThan(opened);
  await first.store.close();
  const second = await openOn(platform);
  expect((await second.open("home")).document.toJSON()).toEqual({ [first.store.replica]: [1, 2, 3, 4] });
  expect(second.events).toEqual([]);
  await second.store.close();
});

test("who waits while an attempt fails is told, too", async () => {
  const platform = createSimulatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  platform.disks.get("data")!.failure = diskFull();
  home.write(1);
  const first = store.durable(home.core);
  await turn();
  const second = store.durable(home.core);
  await expect(first).rejects.toMatchObject({ code: "store-full" });
  await expect(second).rejects.toMatchObject({ code: "store-full" });
});

test("what a disk never took does not pile up: a snapshot of the state stands in for it", async () => {
  const platform = createSimulatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  home.write(1);
  await store.durable(home.core);
  const disk = platform.disks.get("data")!;
  disk.failure = diskFull();
  const peer = createPeer("00000000000000aa");
  for (let number = 0; number < 9_000; number++) peer.document.write(number);
  const whole = peer.document.deltaSince(home.core.versionVector);
  home.core.merge(whole, "peer");
  // 1,000 deltas of 72 kB each: more than may wait.
  for (let number = 0; number < 1_000; number++) {
    peer.document.write(number);
    home.core.merge(peer.document.deltaSince(new VersionVector()), "peer");
  }
  await expect(store.durable(home.core)).rejects.toMatchObject({ code: "store-full" });
  disk.failure = undefined;
  await store.durable(home.core);
  const stored = disk.batches
    .at(-1)!
    .writes.reduce((sum, item) => sum + (item.type === "put" ? item.value.length : 0), 0);
  expect(stored).toBeLessThan(1_000_000);
  await store.close();
  const second = await openOn(platform);
  expect((await second.open("home")).document.toJSON()).toEqual(home.document.toJSON());
  await second.store.close();
});

test("closing stores what is pending; afterwards the store refuses", async () => {
  const platform = createSimulatedPlatform();
  const first = await openOn(platform);
  const home = await first.open("home");
  home.write(7);
  const closing = first.store.close();
  await expect(first.store.durable(home.core)).rejects.toMatchObject({ code: "store-closed" });
  await closing;
  await first.store.close();
  const second = await openOn(platform);
  expect((await second.open("home")).document.toJSON()).toEqual({ [first.store.replica]: [7] });
  await second.store.close();
});

test("a close that cannot store says so and leaves no mark of a clean close", async () => {
  const platform = createSimulatedPlatform();
  const first = await openOn(platform);
  const home = await first.open("home");
  home.write(7);
  const disk = platform.disks.get("data")!;
  disk.failure = diskFull();
  await expect(first.store.close()).rejects.toMatchObject({ code: "store-full" });
  disk.failure = undefined;
  const second = await openOn(platform);
  expect(second.events.map((event) => event.kind)).toEqual(["new-replica-id"]);
  expect(second.store.replica).not.toBe(first.store.replica);
  await second.store.close();
});

test("a document closed and opened again goes on where it was", async () => {
  const platform = createSimulatedPlatform();
  const { store, open, events } = await openOn(platform);
  for (let number = 1; number <= 3; number++) {
    const home = await open("home");
    home.write(number);
    await store.detach(home.core);
    home.core.close();
  }
  expect((await open("home")).document.toJSON()).toEqual({ [store.replica]: [1, 2, 3] });
  await store.close();
  expect(events).toEqual([]);
});

test("a storage that is open elsewhere is store-locked", async () => {
  const platform = createSimulatedPlatform();
  const { store } = await openOn(platform);
  await expect(openOn(platform)).rejects.toMatchObject({ code: "store-locked" });
  await store.close();
  await (await openOn(platform)).store.close();
});

test("a store of a newer format is refused and let go", async () => {
  const platform = createSimulatedPlatform();
  await (await openOn(platform)).store.close();
  const disk = platform.disks.get("data")!;
  const body = new TextEncoder().encode(JSON.stringify({ version: 2 }));
  const header = { kind: "format", place: 0, clock: 0, previous: 0 } as const;
  disk.records.set(FORMAT_KEY, encodeRecord(FORMAT_KEY, header, [body]));
  await expect(openOn(platform)).rejects.toMatchObject({ code: "unsupported-version" });
  expect(disk.isLocked).toBe(false);
});

test("a snapshot that does not read back replaces nothing, and another follows", async () => {
  const platform = createSimulatedPlatform();
  const { store, open, events } = await openOn(platform);
  const home = await open("home");
  const disk = platform.disks.get("data")!;
  const isSnapshot = (key: string) =>
    disk.batches.at(-1)!.writes.some((item) => item.key === key) && key.startsWith("record/");
  const get = disk.records.get.bind(disk.records);
  // The first snapshot asked for comes back flipped.
  disk.records.get = (key) => {
    const bytes = get(key);
    if (bytes === undefined || events.length > 0 || !isSnapshot(key)) return bytes;
    return bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte));
  };
  for (let number = 0; events.length === 0; number++) {
    for (let count = 0; count < 500; count++) home.write(number);
    await store.durable(home.core);
    await turn();
  }
  expect(events).toMatchObject([{ kind: "write-failed" }]);
  expect(events[0]!.message).toContain("did not read back");
  const kept = recordKeysOf(disk).length;
  expect(kept).toBeGreaterThan(2);
  home.write(1);
  await store.durable(home.core);
  await turn();
  await store.durable(home.core);
  expect(recordKeysOf(disk).length).toBeLessThan(kept);
  await store.close();
  const second = await openOn(platform);
  expect((await second.open("home")).document.toJSON()).toEqual(home.document.toJSON());
  await second.store.close();
});
