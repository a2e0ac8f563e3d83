// A dot is never used twice: which stores may go on under the id they had, and which must not.
import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { platform } from "#platform";
import { openStore } from "../../host/store/index.ts";
import { createSimulatedPlatform } from "../platform/simulated-platform.ts";
import { openOn } from "./store-bench.ts";
import { createTallyCore } from "./tally-document.ts";

const root = mkdtempSync(join(tmpdir(), "jarvis-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** One clean session in `directory` that writes a number; returns the id it used and what it noticed. */
async function session(directory: string) {
  const store = await openStore({ platform, location: directory, durability: "buffered" });
  const events: string[] = [];
  store.onEvent((event) => events.push(event.message));
  const { core, document } = createTallyCore("home", store.replica, platform);
  for (const part of (await store.load("home")).parts) core.restore(part);
  store.attach(core);
  document.write(1);
  core.mutated();
  await store.close();
  return { replica: store.replica, events, document };
}

test("a directory closed cleanly keeps its id, also when it is renamed", async () => {
  const directory = join(root, "kept");
  const first = await session(directory);
  const second = await session(directory);
  renameSync(directory, `${directory}-renamed`);
  const third = await session(`${directory}-renamed`);
  expect([second.replica, third.replica]).toEqual([first.replica, first.replica]);
  expect([...first.events, ...second.events, ...third.events]).toEqual([]);
  expect(third.document.toJSON()).toEqual({ [first.replica]: [1, 1, 1] });
});

test("a copied directory takes a new id and says so; the original keeps its own", async () => {
  const directory = join(root, "original");
  const first = await session(directory);
  cpSync(directory, join(root, "copy"), { recursive: true, preserveTimestamps: true });
  const copy = await session(join(root, "copy"));
  expect(copy.replica).not.toBe(first.replica);
  expect(copy.events.join()).toContain("copied, moved or restored");
  expect(copy.document.toJSON()).toEqual({ [first.replica]: [1], [copy.replica]: [1] });
  expect((await session(directory)).replica).toBe(first.replica);
});

test("a backup restored into the same directory takes a new id", async () => {
  const directory = join(root, "restored");
  const first = await session(directory);
  cpSync(directory, join(root, "backup"), { recursive: true, preserveTimestamps: true });
  await session(directory);
  cpSync(join(root, "backup"), directory, { recursive: true, preserveTimestamps: true });
  const restored = await session(directory);
  expect(restored.replica).not.toBe(first.replica);
});

test("a store that was not closed takes a new id, even if it had written nothing", async () => {
  const simulated = createSimulatedPlatform();
  const first = await openOn(simulated);
  (await first.open("home")).write(1);
  await first.store.close();
  const second = await openOn(simulated);
  expect(second.store.replica).toBe(first.store.replica);
  const third = await openOn(createSimulatedPlatform(5), simulated.disks.get("data")!.afterCrash());
  expect(third.store.replica).not.toBe(first.store.replica);
  expect(third.events).toMatchObject([{ kind: "new-replica-id" }]);
  expect(third.events[0]!.message).toContain("not closed cleanly");
});

test("the mark of a clean close is gone from the disk before anything can be written", async () => {
  const simulated = createSimulatedPlatform();
  const first = await openOn(simulated);
  await first.store.close();
  const disk = simulated.disks.get("data")!;
  const batches = disk.batches.length;
  await openOn(simulated);
  expect(disk.batches.slice(batches)).toEqual([{ writes: [{ type: "del", key: "closed" }], flush: true }]);
});

test("an id taken in the middle of a session is the one that is kept", async () => {
  const simulated = createSimulatedPlatform();
  const first = await openOn(simulated);
  const home = await first.open("home");
  home.write(1);
  const renewed = "00000000000000bb" as typeof first.store.replica;
  home.core.setReplica(renewed);
  first.store.setReplica(renewed);
  home.write(2);
  await first.store.close();
  const second = await openOn(simulated);
  expect(second.store.replica).toBe(renewed);
  expect(Object.values((await second.open("home")).document.toJSON())).toEqual(
    expect.arrayContaining([[1], [2]]),
  );
  await second.store.close();
});

test("documents that vanished whole are noticed", async () => {
  const simulated = createSimulatedPlatform();
  const first = await openOn(simulated);
  for (const name of ["one", "two"]) (await first.open(name)).write(1);
  await first.store.close();
  const disk = simulated.disks.get("data")!;
  for (const key of disk.sortedKeys()) if (key.includes("/two")) disk.records.delete(key);
  const second = await openOn(simulated);
  expect(second.events.map((event) => event.kind)).toEqual(["hole", "new-replica-id"]);
  await second.store.close();
});

test("a store that lost everything but its directory says so", async () => {
  const simulated = createSimulatedPlatform();
  const first = await openOn(simulated);
  (await first.open("home")).write(1);
  await first.store.close();
  simulated.disks.get("data")!.records.clear();
  const second = await openOn(simulated);
  expect(second.events.map((event) => event.kind)).toEqual(["hole", "new-replica-id"]);
  await second.store.close();
});
