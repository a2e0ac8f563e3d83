// Which of 100,000 stored documents differ between a replica and its relay: the bytes and round trips of comparing,
// with none, one, ten and a thousand differences, the processor time of both sides in this one process, and what it
// takes to read in what the stores hold. Both stores hold the same bytes, written and closed before; documents are
// closed unless they are being brought over. Wire bytes are those of the comparison, WebSocket headers included.
import { join } from "node:path";
import { counter, createReplica, type Replica, schema } from "../../host/index.ts";
import { serve } from "../../host/relay.ts";
import { collectGarbage, elapsedNsAsync } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const Visits = schema({ visits: counter() });
/** Different contents, so that versions differ between documents. */
const SEEDS = 16;
const AT_A_TIME = 256;
const DIFFERENCES = [0, 1, 10, 1_000];

const countOf = ({ isQuick }: Circumstances): number => (isQuick ? 2_000 : 100_000);
const nameOf = (index: number): string => `team ${index % 100}/document ${index}`;
const folderOf = (side: string, { dataFolder }: Circumstances): string =>
  join(dataFolder, `reconcile-${side}`);

async function seedSnapshots(): Promise<Uint8Array[]> {
  const replica = await createReplica({});
  const snapshots: Uint8Array[] = [];
  const seed = await replica.open("seed", Visits);
  for (let index = 0; index < SEEDS; index++) {
    seed.visits.increment(index + 1);
    snapshots.push(seed.snapshot());
  }
  await replica.close();
  return snapshots;
}

async function fill(folder: string, count: number, snapshots: readonly Uint8Array[]): Promise<void> {
  const replica = await createReplica({ storage: folder });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const document = await replica.open(nameOf(index), Visits);
      document.load(snapshots[index % SEEDS]!);
      await document.close();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  await replica.close();
}

async function writeSome(replica: Replica, first: number, count: number, total: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const document = await replica.open(nameOf((first + index * 37) % total), Visits);
    document.visits.increment();
    await document.close();
  }
}

async function measure(circumstances: Circumstances): Promise<Outcome> {
  const count = countOf(circumstances);
  const server = await createReplica({ storage: folderOf("server", circumstances) });
  const client = await createReplica({ storage: folderOf("client", circumstances) });
  const relay = await serve(server, { port: 0 });
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  const sync = await client.syncAll({ everyMs: 3_600_000 });
  let first = 0;
  const readIn = await elapsedNsAsync(async () => {
    const round = new Promise<void>((resolve) => {
      const stop = sync.onRound(({ different }) => {
        first = different;
        stop();
        resolve();
      });
    });
    await client.connect(relay.url);
    await round;
  });
  collectGarbage();
  const heapBytes = process.memoryUsage().heapUsed - heapBefore;
  const figures: Figure[] = [
    { figure: `reconcile-${count}-first-differences`, value: first, unit: "documents" },
    {
      figure: `reconcile-${count}-index-heap-per-document-and-side`,
      value: Math.round(heapBytes / count / 2),
      unit: "bytes",
    },
  ];
  const samples = [{ workload: "reconcile-read-in", n: count * 2, nsPerOp: readIn / (count * 2) }];
  const checks = [first];
  for (const [step, differences] of DIFFERENCES.filter((wanted) => wanted < count).entries()) {
    await writeSome(server, step * 1_013, differences, count);
    const round = await sync.compare();
    if (differences === 0) {
      const took = await elapsedNsAsync(async () => {
        await sync.compare();
      });
      samples.push({ workload: "reconcile-equal", n: 1, nsPerOp: took });
    }
    const { different, bytes, requests, documents } = round[0]!;
    if (different !== differences || documents !== count)
      throw new Error(`found ${different} of ${differences}`);
    const label = `reconcile-${count}-differences-${differences}`;
    figures.push({ figure: `${label}-wire`, value: bytes, unit: "bytes" });
    figures.push({ figure: `${label}-round-trips`, value: requests, unit: "" });
    checks.push(different);
  }
  await client.close();
  await relay.close();
  await server.close();
  return { samples, figures, check: checks.join(" ") };
}

export const netReconcile: Workload = {
  name: "net-reconcile",
  competitors: ["wasm"],
  rounds: 1,
  async prepare(circumstances) {
    const snapshots = await seedSnapshots();
    for (const side of ["server", "client"]) {
      await fill(folderOf(side, circumstances), countOf(circumstances), snapshots);
    }
  },
  run: measure,
};
