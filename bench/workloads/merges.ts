// Merges into a document that already holds much: prepared once as bytes, merged by every engine through
// EngineDocument.merge, copying in included. Each sample has a fresh document, and a small delta is followed by more
// of its kind so that a sample is long enough to time. The digest afterwards is what engines must agree on.
//
// map: eight writers made `keys` entries; the delta's writer saw them, then half of its entries replace one, a
// quarter lose against a concurrent rewrite, a quarter are new.
// set full: 100,000 adds by somebody who saw a tenth, removed half of that tenth, and added as many elements as there
// are, half of them equal ones. set 1k: 400 new elements, 400 added again, 200 removed.
// counter: one counter, a thousand replicas known and each of them ahead in the delta.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerTypeName, EngineDocument } from "../../host/engine/engine.ts";
import { BatchWriter, keyBytes, payloadBytes, shuffled } from "../batch.ts";
import { NOW_MS, openDocument, openEngine, replicaOf } from "../engines.ts";
import { collectGarbage, elapsedNs, repeat } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

/** What a prepared merge starts from, what is merged one after another, and how many operations each delta is. */
export interface Inputs {
  readonly base: Uint8Array;
  readonly deltas: readonly Uint8Array[];
  readonly operations: number;
}

const BASE_WRITERS = 8;

export async function baselineDocument(replica: number): Promise<EngineDocument> {
  return openDocument(await openEngine("baseline"), replicaOf(replica));
}

/** Lets eight replicas in turn write `count` keys or elements into `document`. */
function fill(document: EngineDocument, type: "map" | "set", from: number, to: number): void {
  const container = document.container(type, type);
  const batch = new BatchWriter();
  for (let writer = 0; writer < BASE_WRITERS; writer += 1) {
    document.setReplica(replicaOf(1 + writer));
    for (let index = from + writer; index < to; index += BASE_WRITERS) {
      if (type === "map") batch.put(container, keyBytes(index), payloadBytes(index));
      else batch.add(container, keyBytes(index));
    }
    if (from + writer < to) batch.applyTo(document, NOW_MS);
  }
}

async function mapInputs(keys: number, entries: number, count: number): Promise<Inputs> {
  const base = await baselineDocument(1);
  fill(base, "map", 0, keys);
  const writer = await baselineDocument(100);
  writer.merge(base.snapshot(), NOW_MS, false);
  const container = writer.container("map", "map");
  const baseContainer = base.container("map", "map");
  const order = shuffled(keys);
  const batch = new BatchWriter();
  const rewrite = new BatchWriter();
  const deltas: Uint8Array[] = [];
  let vector = writer.versionVector();
  for (let delta = 0; delta < count; delta += 1) {
    for (let entry = 0; entry < entries; entry += 1) {
      const position = delta * entries + entry;
      const isNew = entry % 4 === 3;
      const key = isNew ? keys + position : (order[position % keys] as number);
      batch.put(container, keyBytes(key), payloadBytes(position));
      if (entry % 4 === 2) rewrite.put(baseContainer, keyBytes(key), payloadBytes(position + 1));
    }
    batch.applyTo(writer, NOW_MS + 1_000);
    deltas.push(writer.deltaSince(vector));
    vector = writer.versionVector();
  }
  rewrite.applyTo(base, NOW_MS + 2_000);
  return { base: base.snapshot(), deltas, operations: entries };
}

async function fullSetInputs(elements: number): Promise<Inputs> {
  const base = await baselineDocument(1);
  const tenth = Math.floor(elements / 10);
  fill(base, "set", 0, tenth);
  const writer = await baselineDocument(100);
  writer.merge(base.snapshot(), NOW_MS, false);
  const vector = writer.versionVector();
  const container = writer.container("set", "set");
  const batch = new BatchWriter();
  for (let index = 0; index < tenth; index += 2) batch.remove(container, keyBytes(index));
  const start = Math.floor(elements / 2);
  for (let index = start; index < start + elements; index += 1) batch.add(container, keyBytes(index));
  batch.applyTo(writer, NOW_MS + 1_000);
  fill(base, "set", tenth, elements);
  return {
    base: base.snapshot(),
    deltas: [writer.deltaSince(vector)],
    operations: elements + Math.ceil(tenth / 2),
  };
}

async function smallSetInputs(elements: number, mutations: number, count: number): Promise<Inputs> {
  const base = await baselineDocument(1);
  fill(base, "set", 0, elements);
  const writer = await baselineDocument(100);
  writer.merge(base.snapshot(), NOW_MS, false);
  const container = writer.container("set", "set");
  const order = shuffled(elements);
  const batch = new BatchWriter();
  const deltas: Uint8Array[] = [];
  let vector = writer.versionVector();
  for (let delta = 0; delta < count; delta += 1) {
    for (let index = 0; index < mutations; index += 1) {
      const position = delta * mutations + index;
      const known = keyBytes(order[position % elements] as number);
      if (index % 5 === 4) batch.remove(container, known);
      else batch.add(container, index % 2 === 0 ? known : keyBytes(elements + position));
    }
    batch.applyTo(writer, NOW_MS + 1_000);
    deltas.push(writer.deltaSince(vector));
    vector = writer.versionVector();
  }
  return { base: base.snapshot(), deltas, operations: mutations };
}

async function counterInputs(counters: number, replicas: number, count: number): Promise<Inputs> {
  const document = await baselineDocument(1);
  const containers = Array.from({ length: counters }, (_, index) =>
    document.container("counter", `counter ${index}`),
  );
  const batch = new BatchWriter();
  const incrementAll = (amount: number): void => {
    for (let replica = 1; replica <= replicas; replica += 1) {
      document.setReplica(replicaOf(replica));
      for (const container of containers) batch.increment(container, replica % 7 === 0 ? -amount : amount);
      batch.applyTo(document, NOW_MS);
    }
  };
  incrementAll(1);
  const base = document.snapshot();
  const deltas: Uint8Array[] = [];
  for (let delta = 1; delta <= count; delta += 1) {
    const vector = document.versionVector();
    incrementAll(delta * 1_000);
    deltas.push(document.deltaSince(vector));
  }
  return { base, deltas, operations: counters * replicas };
}

function writeInputs(folder: string, { base, deltas, operations }: Inputs): void {
  writeFileSync(join(folder, "base"), base);
  for (const [index, delta] of deltas.entries()) writeFileSync(join(folder, `delta-${index}`), delta);
  writeFileSync(join(folder, "inputs.json"), JSON.stringify({ deltas: deltas.length, operations }));
}

function readInputs(folder: string): Inputs {
  const { deltas, operations } = JSON.parse(readFileSync(join(folder, "inputs.json"), "utf8")) as {
    deltas: number;
    operations: number;
  };
  return {
    base: readFileSync(join(folder, "base")),
    deltas: Array.from({ length: deltas }, (_, index) => readFileSync(join(folder, `delta-${index}`))),
    operations,
  };
}

/** The container every merge of `name` is about, for the size that goes into the check. */
const typeOf = (name: string): ContainerTypeName =>
  (["map", "set", "graph"] as const).find((type) => name.startsWith(type)) ?? "counter";

async function runMerge(name: string, circumstances: Circumstances): Promise<Outcome> {
  const { base, deltas, operations } = readInputs(circumstances.dataFolder);
  const engine = await openEngine(circumstances.competitor);
  const checks = new Set<string>();
  const repetition = circumstances.isQuick
    ? { warmups: 0, samplesMin: 1, budgetMs: 0 }
    : { warmups: 3, samplesMin: 5, budgetMs: 1_500 };
  const times = await repeat(repetition, () => {
    const document = openDocument(engine, replicaOf(9_999));
    document.merge(base, NOW_MS + 3_000, false);
    collectGarbage();
    const time = elapsedNs(() => {
      for (const delta of deltas) document.merge(delta, NOW_MS + 3_000, false);
    });
    const sizes = document.containers().filter(({ type }) => type === typeOf(name));
    checks.add(`${document.digest()}, ${sizes.reduce((sum, { size }) => sum + size, 0)}`);
    document.close();
    return { time };
  });
  const [check, ...others] = checks;
  if (check === undefined || others.length > 0) throw new Error(`${name}: results differ between samples`);
  const n = operations * deltas.length;
  const bytes = deltas.reduce((sum, delta) => sum + delta.length, 0);
  return {
    samples: [{ workload: name, n: operations, nsPerOp: (times.time as number) / n, bytesPerOp: bytes / n }],
    check,
  };
}

/** A workload that merges what `inputs` prepares; its name begins with the type of the container. */
export const merge = (
  name: string,
  rounds: number,
  inputs: (scale: number) => Promise<Inputs>,
): Workload => ({
  name,
  competitors: ["baseline", "wasm"],
  rounds,
  prepare: async ({ isQuick, dataFolder }) => writeInputs(dataFolder, await inputs(isQuick ? 0.001 : 1)),
  run: (circumstances) => runMerge(name, circumstances),
});

export const scaled = (count: number, scale: number): number => Math.max(8, Math.round(count * scale));

export const merges: readonly Workload[] = [
  merge("map-merge-1k", 5, (scale) => mapInputs(scaled(100_000, scale), scaled(1_000, scale), 10)),
  merge("map-merge-10k", 5, (scale) => mapInputs(scaled(100_000, scale), scaled(10_000, scale), 3)),
  merge("map-merge-100k", 5, (scale) => mapInputs(scaled(100_000, scale), scaled(100_000, scale), 1)),
  merge("set-merge-full", 5, (scale) => fullSetInputs(scaled(100_000, scale))),
  merge("set-merge-1k", 5, (scale) => smallSetInputs(scaled(100_000, scale), scaled(1_000, scale), 10)),
  merge("counter-merge", 5, (scale) => counterInputs(1, scaled(1_000, scale), 10)),
  merge("counter-merge-matrix", 2, (scale) => counterInputs(scaled(1_000, scale), scaled(1_000, scale), 1)),
];
