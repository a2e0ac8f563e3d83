// Power loss, on a simulated disk: of the batches after the last flush any may be gone. What was flushed must be
// there; what is not must be the end of what was written, or be reported.
import { expect, test } from "vitest";
import { createSimulatedPlatform, MemoryDisk } from "../platform/simulated-platform.ts";
import { createPeer, openOn } from "./store-bench.ts";
import type { Causes } from "./tally-document.ts";

/** The disk after `kept` of its batches reached it. */
function after(disk: MemoryDisk, kept: (index: number) => boolean): MemoryDisk {
  const left = new MemoryDisk();
  left.fingerprint = disk.fingerprint;
  for (const [index, { writes }] of disk.batches.entries()) {
    if (!kept(index)) continue;
    for (const item of writes) {
      if (item.type === "put") left.records.set(item.key, item.value);
      else left.records.delete(item.key);
    }
  }
  return left;
}

/** A session of `rounds` acknowledged writes; how many batches there were at each acknowledgement. */
async function record(durability: "buffered" | "flushed", rounds: number, padding = 0) {
  const platform = createSimulatedPlatform();
  const causes: Causes = new Map();
  const { store, open } = await openOn(platform, undefined, { durability, causes });
  const home = await open("home");
  const peer = createPeer("00000000000000aa", causes);
  const disk = platform.disks.get("data")!;
  const acknowledged: { batches: number; count: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    home.write(round);
    peer.send(home.core, round);
    for (let number = 0; number < padding; number++) home.write(number);
    await store.durable(home.core);
    const count = Object.values(home.document.toJSON()).flat().length;
    acknowledged.push({ batches: disk.batches.length, count });
  }
  const truth = home.document.toJSON();
  return { store, disk, acknowledged, truth, causes, replica: store.replica };
}

type Recorded = Awaited<ReturnType<typeof record>>;

async function reopen(disk: MemoryDisk, recorded: Recorded) {
  const opened = await openOn(createSimulatedPlatform(9), disk, { causes: recorded.causes });
  const { document } = await opened.open("home");
  document.checkCauses();
  const state = document.toJSON();
  for (const [id, numbers] of Object.entries(state)) {
    expect(recorded.truth[id]!.slice(0, numbers.length)).toEqual(numbers);
  }
  expect(opened.store.replica).not.toBe(recorded.replica);
  return { count: Object.values(state).flat().length, events: opened.events.map((event) => event.kind) };
}

test("flushed: whatever unflushed batches are lost, no acknowledged write is", async () => {
  const recorded = await record("flushed", 60, 200);
  const { disk, acknowledged } = recorded;
  expect(disk.batches.some(({ flush }) => !flush)).toBe(true);
  for (const { batches, count } of acknowledged) {
    const found = await reopen(
      after(disk, (index) => index < batches && disk.batches[index]!.flush),
      recorded,
    );
    expect(found.count).toBeGreaterThanOrEqual(count);
    expect(found.events).toEqual(["new-replica-id"]);
  }
});

test("buffered: a lost end is no damage, a lost middle is reported", async () => {
  const recorded = await record("buffered", 12);
  const { disk, acknowledged } = recorded;
  const last = disk.batches.length;
  const first = disk.batches.findIndex(({ flush }) => !flush);
  for (let end = first; end <= last; end++) {
    const found = await reopen(
      after(disk, (index) => index < end),
      recorded,
    );
    expect(found.events).toEqual(["new-replica-id"]);
    expect(found.count).toBe(acknowledged.findLast(({ batches }) => batches <= end)?.count ?? 0);
  }
  for (let lost = first; lost < last - 1; lost++) {
    const found = await reopen(
      after(disk, (index) => index !== lost),
      recorded,
    );
    expect(found.events).toEqual(["new-replica-id", "hole"]);
  }
});
