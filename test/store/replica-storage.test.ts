// Storage as an application meets it: the id it keeps, the errors it gets, and what damage does to a replica.
import { expect, test } from "vitest";
import { createReplica, log, type Replica, type ReplicaEvent, schema } from "../../host/index.ts";
import { createSimulatedPlatform, diskFull } from "../platform/simulated-platform.ts";
import { recordKeysOf } from "./store-bench.ts";

const Diary = schema({ lines: log<string>() });
const options = { storage: "data", engine: "baseline" } as const;
const linesOf = async (replica: Replica) =>
  (await replica.open("diary", Diary)).lines.entries().map((entry) => entry.value);

test("a disk that is full at the end: close says so, lets go, and leaves no clean mark", async () => {
  const platform = createSimulatedPlatform();
  const replica = await createReplica({ ...options, platform });
  const diary = await replica.open("diary", Diary);
  diary.lines.append("kept");
  await diary.durable();
  const disk = platform.disks.get("data")!;
  disk.failure = diskFull();
  diary.lines.append("lost");
  await expect(replica.close()).rejects.toMatchObject({ code: "store-full" });
  disk.failure = undefined;
  platform.advance(60_000);
  const again = await createReplica({ ...options, platform });
  expect(await linesOf(again)).toEqual(["kept"]);
  expect(again.id).not.toBe(replica.id);
  await again.close();
});

test("a hole: the replica takes a new id at once, keeps the rest, and never makes a dot again", async () => {
  const platform = createSimulatedPlatform();
  const first = await createReplica({ ...options, platform });
  const diary = await first.open("diary", Diary);
  const peer = await createReplica({ engine: "baseline" });
  const copy = await peer.open("diary", Diary);
  for (const line of ["one", "two", "three"]) {
    diary.lines.append(line);
    await diary.durable();
  }
  copy.merge(diary.deltaSince(copy.versionVector()));
  await first.close();
  const disk = platform.disks.get("data")!;
  disk.records.delete(recordKeysOf(disk)[1]!);

  const events: ReplicaEvent[] = [];
  const second = await createReplica({ ...options, platform });
  second.subscribe((event) => events.push(event));
  const damaged = await second.open("diary", Diary);
  expect(damaged.lines.entries().map((entry) => entry.value)).toEqual(["one"]);
  expect(events.map((event) => (event.kind === "store" ? event.event.kind : event.kind))).toEqual([
    "hole",
    "replica-id",
  ]);
  expect(second.id).not.toBe(first.id);
  damaged.lines.append("four");
  damaged.merge(copy.deltaSince(damaged.versionVector()));
  copy.merge(damaged.deltaSince(copy.versionVector()));
  expect(damaged.lines.entries().map((entry) => entry.value)).toEqual(["one", "two", "three", "four"]);
  expect(damaged.digest()).toBe(copy.digest());
  await second.close();
  const third = await createReplica({ ...options, platform });
  expect(await linesOf(third)).toEqual(["one", "two", "three", "four"]);
  expect(third.id).toBe(second.id);
  await third.close();
});

test("the clock never runs backwards over a restart, even when that of the machine does", async () => {
  const platform = createSimulatedPlatform();
  const first = await createReplica({ ...options, platform });
  (await first.open("diary", Diary)).lines.append("before");
  await first.close();
  platform.nowMs -= 365 * 86_400_000;
  const second = await createReplica({ ...options, platform });
  (await second.open("diary", Diary)).lines.append("after");
  expect(await linesOf(second)).toEqual(["before", "after"]);
  await second.close();
});
