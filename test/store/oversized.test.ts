// A document that has outgrown what one snapshot may hold: its log goes on, and no other document waits for it.
import { expect, test } from "vitest";
import { CrdtError } from "../../host/errors.ts";
import { createReplica, log, schema } from "../../host/index.ts";
import { hostOf, type Replica } from "../../host/replica/replica.ts";
import { createSimulatedPlatform } from "../platform/simulated-platform.ts";
import { recordKeysOf } from "./store-bench.ts";

const Diary = schema({ lines: log<string>() });
const options = { storage: "data", engine: "baseline" } as const;
const LINE = "x".repeat(10_000);

async function outgrow(replica: Replica, name: string): Promise<void> {
  const { engine } = await hostOf(replica).openCore(name);
  engine.snapshot = () => {
    throw new CrdtError("limit-exceeded", "a snapshot of too many bytes; split the document");
  };
}

test("it is stored as a log, and is all there when it is opened again", async () => {
  const platform = createSimulatedPlatform(71);
  const replica = await createReplica({ ...options, platform });
  const large = await replica.open("large", Diary);
  await outgrow(replica, "large");
  for (let index = 0; index < 30; index++) {
    large.lines.append(LINE);
    await large.durable();
  }
  await replica.close();
  const again = await createReplica({ ...options, platform });
  expect((await again.open("large", Diary)).lines.size).toBe(30);
  expect(again.id).toBe(replica.id);
  await again.close();
});

test("with a hole in its log only a snapshot would do: it says so, and the others are stored", async () => {
  const platform = createSimulatedPlatform(72);
  const first = await createReplica({ ...options, platform });
  const written = await first.open("large", Diary);
  for (let index = 0; index < 3; index++) {
    written.lines.append(LINE);
    await written.durable();
  }
  await first.close();
  const disk = platform.disks.get("data")!;
  disk.records.delete(recordKeysOf(disk)[1]!);

  const replica = await createReplica({ ...options, platform });
  const [small, large] = [await replica.open("small", Diary), await replica.open("large", Diary)];
  await outgrow(replica, "large");
  small.lines.append("kept");
  await expect(large.durable()).rejects.toMatchObject({ code: "limit-exceeded" });
  // Who waits is told of any failure, whose document it is; what can be stored is.
  await small.durable().catch(() => {});
  expect([...disk.records.keys()].filter((key) => key.startsWith("record/small/")).length).toBe(1);
  await expect(replica.close()).rejects.toMatchObject({ code: "limit-exceeded" });
  const again = await createReplica({ ...options, platform });
  expect((await again.open("small", Diary)).lines.toJSON()).toEqual(["kept"]);
  await again.close();
});
