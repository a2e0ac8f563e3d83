// How the cost of one entry grows: with the keys a document holds (deltas of 1,000 entries), and with the replicas
// its version vector lists (single writes as a session carries them, merged one at a time). The plain map stands
// beside both engines; its updates are JSON.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BatchWriter, keyBytes, payloadBytes, shuffled } from "../batch.ts";
import { NOW_MS, openDocument, openEngine, replicaOf } from "../engines.ts";
import { rival as plainMap } from "../rivals/plain-map.ts";
import { itemKey, itemOf } from "../rivals/rival.ts";
import { collectGarbage, elapsedNs, repeat, type Times } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

interface Size {
  readonly keys: number;
  readonly replicas: number;
  readonly deltas: number;
  readonly entriesPerDelta: number;
}

const WRITER = 5_000;

/** Every second write is to a key the document has, every other one to a new one. */
function keyOf(write: number, { keys }: Size, order: Uint32Array): number {
  return write % 2 === 0 ? (order[(write / 2) % keys] as number) : keys + write;
}

const keysAfter = ({ keys, deltas, entriesPerDelta }: Size): number =>
  keys + Math.floor((deltas * entriesPerDelta) / 2);

async function prepare(size: Size, folder: string): Promise<void> {
  const engine = await openEngine("baseline");
  const document = openDocument(engine, replicaOf(1));
  const container = document.container("map", "map");
  const batch = new BatchWriter();
  for (let replica = 0; replica < size.replicas; replica += 1) {
    document.setReplica(replicaOf(1 + replica));
    for (let key = replica; key < size.keys; key += size.replicas)
      batch.put(container, keyBytes(key), payloadBytes(key));
    batch.applyTo(document, NOW_MS);
  }
  writeFileSync(join(folder, "base"), document.snapshot());
  document.setReplica(replicaOf(WRITER));
  const order = shuffled(size.keys);
  for (let delta = 0; delta < size.deltas; delta += 1) {
    for (let entry = 0; entry < size.entriesPerDelta; entry += 1) {
      const write = delta * size.entriesPerDelta + entry;
      batch.put(container, keyBytes(keyOf(write, size, order)), payloadBytes(write));
    }
    const sequence = document.sequence();
    batch.applyTo(document, NOW_MS + 1_000);
    writeFileSync(join(folder, `delta-${delta}`), document.localDelta(sequence));
  }
}

/** One sample on an engine: a fresh document that holds the base, then all deltas. */
async function engineSample(size: Size, { competitor, dataFolder }: Circumstances): Promise<() => Times> {
  const engine = await openEngine(competitor);
  const base = readFileSync(join(dataFolder, "base"));
  const deltas = Array.from({ length: size.deltas }, (_, index) =>
    readFileSync(join(dataFolder, `delta-${index}`)),
  );
  return () => {
    const document = openDocument(engine, replicaOf(9_999));
    document.merge(base, NOW_MS + 2_000, false);
    collectGarbage();
    const time = elapsedNs(() => {
      for (const delta of deltas) document.merge(delta, NOW_MS + 2_000, false);
    });
    if (document.size(document.container("map", "map")) !== keysAfter(size))
      throw new Error("keys are missing");
    document.close();
    return { time };
  };
}

/** One sample on the plain map, with the same keys and values. */
function plainSample(size: Size): () => Times {
  const writer = plainMap.create(WRITER);
  const base = plainMap.create(1);
  for (let key = 0; key < size.keys; key += 1) base.set(itemKey(key), itemOf(key));
  const update = base.take();
  const order = shuffled(size.keys);
  writer.apply(update);
  const updates = Array.from({ length: size.deltas }, (_, delta) => {
    for (let entry = 0; entry < size.entriesPerDelta; entry += 1) {
      const write = delta * size.entriesPerDelta + entry;
      writer.set(itemKey(keyOf(write, size, order)), itemOf(write));
    }
    return writer.take();
  });
  return () => {
    const document = plainMap.create(2);
    document.apply(update);
    collectGarbage();
    const time = elapsedNs(() => {
      for (const bytes of updates) document.apply(bytes);
    });
    if (document.size() !== keysAfter(size)) throw new Error("keys are missing");
    return { time };
  };
}

async function run(name: string, size: Size, circumstances: Circumstances): Promise<Outcome> {
  const sample =
    circumstances.competitor === "plain map" ? plainSample(size) : await engineSample(size, circumstances);
  const isLarge = size.keys > 500_000;
  const repetition = circumstances.isQuick
    ? { warmups: 0, samplesMin: 1, budgetMs: 0 }
    : { warmups: isLarge ? 1 : 3, samplesMin: isLarge ? 3 : 5, budgetMs: 1_000 };
  const { time = Number.NaN } = await repeat(repetition, sample);
  const n = size.deltas * size.entriesPerDelta;
  return { samples: [{ workload: name, n, nsPerOp: time / n }], check: `${keysAfter(size)} keys` };
}

function growth(name: string, full: Size): Workload {
  const sizeOf = ({ isQuick }: Circumstances): Size =>
    isQuick ? { ...full, keys: full.keys / 1_000, replicas: Math.min(full.replicas, 10), deltas: 2 } : full;
  return {
    name,
    competitors: ["baseline", "wasm", "plain map"],
    rounds: 3,
    prepare: (circumstances) => prepare(sizeOf(circumstances), circumstances.dataFolder),
    run: (circumstances) => run(name, sizeOf(circumstances), circumstances),
  };
}

const byKeys = [10_000, 100_000, 1_000_000].map((keys) =>
  growth(`growth-keys-${keys}`, { keys, replicas: 8, deltas: 10, entriesPerDelta: 1_000 }),
);
const byReplicas = [1, 100, 1_000].map((replicas) =>
  growth(`growth-replicas-${replicas}`, { keys: 10_000, replicas, deltas: 2_000, entriesPerDelta: 1 }),
);

export const growths: readonly Workload[] = [...byKeys, ...byReplicas];
