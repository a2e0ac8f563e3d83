// Rewriting a stored document while other things happen, and where the disk fails in the middle: either nothing is left of
// what the document no longer holds, or the caller is told; and nothing that was stored is lost.
import { expect, test } from "vitest";
import { CrdtError } from "../../host/errors.ts";
import { createReplica, map, schema } from "../../host/index.ts";
import type { PlatformStorage } from "../../host/platform/platform.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "../platform/simulated-platform.ts";
import { createPeer, openOn, recordKeysOf } from "./store-bench.ts";

const QUEUE_BYTES_MAX = 67_108_864;
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));
const broken = (): CrdtError => new CrdtError("store-corrupt", "an error of the disk");

/** A platform whose storage does what `alter` makes of it. */
function alteredPlatform(alter: (storage: PlatformStorage) => Partial<PlatformStorage>): SimulatedPlatform {
  const platform = createSimulatedPlatform();
  const { openStorage } = platform;
  platform.openStorage = async (location) => {
    const storage = await openStorage.call(platform, location);
    return { ...storage, ...alter(storage) };
  };
  return platform;
}

/** A platform whose writes wait while the gate is shut. */
function gatedPlatform() {
  const gate = { opened: Promise.resolve(), open: () => {}, waiting: 0 };
  const shut = (): void => {
    gate.opened = new Promise((resolve) => {
      gate.open = resolve;
    });
  };
  const platform = alteredPlatform((storage) => ({
    async write(writes, flush) {
      gate.waiting++;
      await gate.opened;
      await storage.write(writes, flush);
      gate.waiting--;
    },
  }));
  const reached = async (): Promise<void> => {
    while (gate.waiting === 0) await turn();
  };
  return { platform, gate, shut, reached };
}

async function reopened(platform: SimulatedPlatform) {
  const disk = platform.disks.get("data")!.afterCrash();
  const { open, events } = await openOn(createSimulatedPlatform(2), disk);
  const state = (await open("home")).document.toJSON();
  return { state, kinds: events.map(({ kind }) => kind).filter((kind) => kind !== "new-replica-id") };
}

test("a second rewrite, asked for while the snapshot of the first is written, takes a snapshot of its own", async () => {
  const { platform, gate, shut, reached } = gatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  home.write(1);
  await store.durable(home.core);
  shut();
  const first = store.rewrite!(home.core);
  await reached();
  home.write(2);
  const second = store.rewrite!(home.core);
  gate.open();
  await Promise.all([first, second]);
  expect(recordKeysOf(platform.disks.get("data")!).length).toBe(1);
  expect(await reopened(platform)).toEqual({ state: home.document.toJSON(), kinds: [] });
  await store.close();
});

test("a rewrite while the first write ever is under way rewrites it", async () => {
  const { platform, gate, shut, reached } = gatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  shut();
  home.write(1);
  await reached();
  const rewritten = store.rewrite!(home.core);
  gate.open();
  await rewritten;
  expect(recordKeysOf(platform.disks.get("data")!).map((key) => key.slice(-1))).toEqual(["2"]);
  await store.close();
});

test("a snapshot that could not be read back once does not take later ones for it", async () => {
  let failures = 0;
  const platform = alteredPlatform((storage) => ({
    async get(key) {
      if (key.startsWith("record/") && failures-- > 0) throw broken();
      return storage.get(key);
    },
  }));
  const { store, open } = await openOn(platform);
  const home = await open("home");
  home.write(1);
  await store.durable(home.core);
  failures = 1;
  await expect(store.rewrite!(home.core)).rejects.toMatchObject({ code: "store-corrupt" });
  home.write(2);
  await store.durable(home.core);
  await store.durable(home.core);
  expect(await reopened(platform)).toEqual({ state: home.document.toJSON(), kinds: [] });
  expect(recordKeysOf(platform.disks.get("data")!).length).toBe(2);
  await store.rewrite!(home.core);
  expect(recordKeysOf(platform.disks.get("data")!).length).toBe(1);
  await store.close();
});

test.each([
  ["deletes", "store-full"],
  ["reads", "store-corrupt"],
] as const)(
  "where the disk fails at %s behind the snapshot, the caller is told and nothing is lost",
  async (where, code) => {
    let isFailing = false;
    const platform = alteredPlatform((storage) => ({
      async get(key) {
        const value = await storage.get(key);
        if (isFailing && where === "reads" && key.startsWith("record/")) value![40]! ^= 1;
        return value;
      },
      async write(writes, flush) {
        if (isFailing && where === "deletes" && writes.some(({ type }) => type === "del")) {
          throw new CrdtError("store-full", "The storage is full: free some space.");
        }
        await storage.write(writes, flush);
      },
    }));
    const { store, open } = await openOn(platform);
    const home = await open("home");
    home.write(1);
    await store.durable(home.core);
    isFailing = true;
    await expect(store.rewrite!(home.core)).rejects.toMatchObject({ code });
    expect((await reopened(platform)).state).toEqual(home.document.toJSON());
    isFailing = false;
    await store.rewrite!(home.core);
    expect(recordKeysOf(platform.disks.get("data")!).length).toBe(1);
    await store.close();
  },
);

test("a document that has outgrown a snapshot says so", async () => {
  const platform = createSimulatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  home.write(1);
  home.core.engine.snapshot = () => {
    throw new CrdtError("limit-exceeded", "a snapshot of too many bytes; split the document");
  };
  await expect(store.rewrite!(home.core)).rejects.toMatchObject({ code: "limit-exceeded" });
  expect((await reopened(platform)).state).toEqual(home.document.toJSON());
  await store.close();
});

test("a snapshot that fails to be written gives back what waited, where no later one can be taken", async () => {
  const platform = createSimulatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  const disk = platform.disks.get("data")!;
  home.write(1);
  disk.failure = new CrdtError("store-full", "The storage is full: free some space.");
  await expect(store.rewrite!(home.core)).rejects.toMatchObject({ code: "store-full" });
  home.core.engine.snapshot = () => {
    throw new CrdtError("limit-exceeded", "a snapshot of too many bytes; split the document");
  };
  disk.failure = undefined;
  home.write(2);
  await store.durable(home.core);
  expect((await reopened(platform)).state).toEqual(home.document.toJSON());
  await store.close();
});

test("what outgrows the queue while a snapshot is written is in the next one", async () => {
  const { platform, gate, shut, reached } = gatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  home.write(1);
  await store.durable(home.core);
  shut();
  const rewritten = store.rewrite!(home.core);
  await reached();
  let waitingBytes = 0;
  home.core.onDelta(({ bytes }) => {
    waitingBytes += bytes.length;
  });
  home.write(2);
  home.core.flushLocal();
  const peer = createPeer("00000000000000aa");
  for (let number = 0; number < 9_000; number++) peer.document.write(number);
  home.core.merge(peer.document.deltaSince(home.core.versionVector), "peer");
  // The last of them is the one that is more than may wait: nothing behind it asks for a snapshot.
  while (waitingBytes <= QUEUE_BYTES_MAX) {
    peer.document.write(waitingBytes);
    home.core.merge(peer.document.deltaSince(new VersionVector()), "peer");
  }
  gate.open();
  await rewritten;
  await store.durable(home.core);
  expect(await reopened(platform)).toEqual({ state: home.document.toJSON(), kinds: [] });
  await store.close();
});

test("records kept aside from behind a hole go, too", async () => {
  const platform = createSimulatedPlatform();
  const first = await openOn(platform);
  const home = await first.open("home");
  for (let number = 0; number < 4; number++) {
    home.write(number);
    await first.store.durable(home.core);
  }
  await first.store.close();
  const disk = platform.disks.get("data")!;
  disk.records.delete(recordKeysOf(disk)[1]!);
  const second = await openOn(platform);
  const again = await second.open("home");
  await second.store.durable(again.core);
  const aside = { from: "aside/", to: "aside0" };
  expect(disk.sortedKeys(aside).length).toBeGreaterThan(0);
  await second.store.rewrite!(again.core);
  expect(disk.sortedKeys(aside)).toEqual([]);
  await second.store.close();
});

test("a closed document is not rewritten, and says so", async () => {
  const Notes = schema({ notes: map<Record<string, string>>() });
  const platform = createSimulatedPlatform();
  const replica = await createReplica({ platform, storage: "data", engine: "baseline" });
  const document = await replica.open("notes", Notes);
  document.notes.set("a", "b");
  await document.close();
  await expect(document.rewrite()).rejects.toMatchObject({ code: "document-closed" });
  await replica.close();
});

test("rewriting and closing at once: closed, stored, and rewritten or told", async () => {
  const platform = createSimulatedPlatform();
  const { store, open } = await openOn(platform);
  const home = await open("home");
  home.write(1);
  await store.durable(home.core);
  home.write(2);
  const rewritten = store.rewrite!(home.core).then(
    () => "rewritten",
    ({ code }: CrdtError) => code,
  );
  await store.close();
  expect(["rewritten", "store-closed"]).toContain(await rewritten);
  expect(await reopened(platform)).toEqual({ state: home.document.toJSON(), kinds: [] });
});
