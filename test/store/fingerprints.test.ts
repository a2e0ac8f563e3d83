// What a store says its documents have seen, without opening any: from the heads after a clean close, from the records
// where a head is old, damaged, or was written before heads said so.
import { expect, test } from "vitest";
import { createReplica, log, type Replica, schema } from "../../host/index.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { encodeRecord, headKey } from "../../host/store/record.ts";
import { type Fingerprint, fingerprintOfVector } from "../../host/wire/fingerprint.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "../platform/simulated-platform.ts";

const Diary = schema({ lines: log<string>() });
const NAMES = ["empty", "one", "two", "with / in it"];

async function open(platform: SimulatedPlatform): Promise<Replica> {
  return createReplica({ storage: "data", engine: "baseline", platform });
}

async function write(replica: Replica, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const diary = await replica.open(name, Diary);
    if (name !== "empty") diary.lines.append(`a line of ${name}`);
    await diary.close();
  }
}

async function storedIn(replica: Replica): Promise<Map<string, Fingerprint>> {
  const found = new Map<string, Fingerprint>();
  for await (const [name, fingerprint] of hostOf(replica).storedFingerprints()) {
    expect(found.has(name)).toBe(false);
    found.set(name, fingerprint);
  }
  return found;
}

async function vectorsOf(replica: Replica, names: readonly string[]): Promise<Map<string, Fingerprint>> {
  const found = new Map<string, Fingerprint>();
  for (const name of names) {
    const diary = await replica.open(name, Diary);
    found.set(name, fingerprintOfVector(diary.versionVector()));
    await diary.close();
  }
  return found;
}

const written = NAMES.filter((name) => name !== "empty");
const ofWritten = (all: ReadonlyMap<string, Fingerprint>) =>
  new Map([...all].filter(([name]) => name !== "empty"));

test("after a clean close the heads say it, and no record is read", async () => {
  const platform = createSimulatedPlatform();
  const first = await open(platform);
  await write(first, NAMES);
  const vectors = await vectorsOf(first, written);
  expect(ofWritten(await storedIn(first))).toEqual(vectors);
  await first.close();
  const disk = platform.disks.get("data")!;
  const records = disk
    .sortedKeys({ from: "record/", to: "record0" })
    .map((key) => [key, disk.records.get(key)!] as const);
  for (const [key] of records) disk.records.delete(key);
  const second = await open(platform);
  expect(ofWritten(await storedIn(second))).toEqual(vectors);
  for (const [key, value] of records) disk.records.set(key, value);
  expect(await vectorsOf(second, written)).toEqual(vectors);
  await second.close();
});

test("opening and closing without a write leaves every record as it was", async () => {
  const platform = createSimulatedPlatform();
  const first = await open(platform);
  await write(first, NAMES);
  await first.close();
  const before = new Map(platform.disks.get("data")!.records);
  const second = await open(platform);
  await vectorsOf(second, written);
  await second.close();
  expect(new Map(platform.disks.get("data")!.records)).toEqual(before);
});

test("behind an unclean end the records say it, where the head is older than they are", async () => {
  const platform = createSimulatedPlatform();
  const first = await open(platform);
  await write(first, NAMES);
  await first.close();
  const second = await open(platform);
  await write(second, ["one", "three"]);
  const crashed = createSimulatedPlatform();
  crashed.disks.set("data", platform.disks.get("data")!.afterCrash());
  const third = await open(crashed);
  const stored = ofWritten(await storedIn(third));
  expect(stored).toEqual(await vectorsOf(third, [...written, "three"]));
  expect(stored.size).toBe(4);
});

test("heads without a body and damaged ones are passed over, and a close completes them", async () => {
  const platform = createSimulatedPlatform();
  const first = await open(platform);
  await write(first, ["one", "two"]);
  const vectors = await vectorsOf(first, ["one", "two"]);
  await first.close();
  const disk = platform.disks.get("data")!;
  const key = headKey("one");
  disk.records.set(key, encodeRecord(key, { kind: "head", place: 1, clock: 0, previous: 0 }, []));
  disk.records.get(headKey("two"))![40]! ^= 1;
  const second = await open(platform);
  expect(await storedIn(second)).toEqual(vectors);
  await vectorsOf(second, ["one"]);
  await second.close();
  expect(disk.records.get(key)!.length).toBe(32 + 16);
});

test("an open document is left out: what it has seen changes", async () => {
  const platform = createSimulatedPlatform();
  const replica = await open(platform);
  await write(replica, ["one", "two"]);
  const diary = await replica.open("one", Diary);
  expect([...(await storedIn(replica)).keys()]).toEqual(["two"]);
  await diary.close();
  await replica.close();
});
