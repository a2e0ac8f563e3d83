// Graphs: merging a delta of 1,000 edges into 100,000, adding 100,000 edges at once to an empty one (a prepared batch
// into an engine, and addMany of the handle with its objects and texts), and one walk over all edges. The walk starts
// after a merge whose edges the index has taken in; it is one operation, and the host's own work on both engines.
import { createReplica, graph, schema } from "../../host/index.ts";
import { edgeKey, vertexKey } from "../../host/replica/graph/graph-keys.ts";
import { BatchWriter, shuffled } from "../batch.ts";
import { NOW_MS, openDocument, openEngine, replicaOf } from "../engines.ts";
import { collectGarbage, elapsedNs, repeat } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";
import { baselineDocument, type Inputs, merge, scaled } from "./merges.ts";

const EDGES = 100_000;
const EDGES_A_VERTEX = 5;
const WRITERS = 8;

const City = schema({ roads: graph() });

const vertexOf = (index: number): string => `vertex ${index}`;
/** Edge `index`: five leave each vertex; the first leads to the next vertex, so that all can be reached from 0. */
function edgeOf(index: number, vertices: number): { from: string; to: string } {
  const from = Math.floor(index / EDGES_A_VERTEX) % vertices;
  const step = index % EDGES_A_VERTEX === 0 ? 1 : 1 + ((Math.imul(index, 0x9e3779b1) >>> 0) % (vertices - 1));
  return { from: vertexOf(from), to: vertexOf((from + step) % vertices) };
}
/** Edges beyond the first are told apart by their labels. */
const edgeBytes = (index: number, vertices: number): Uint8Array =>
  edgeKey({ ...edgeOf(index, vertices), label: `${index}`, directed: true }).slice();

async function mergeInputs(edges: number, mutations: number, count: number): Promise<Inputs> {
  const vertices = Math.ceil(edges / EDGES_A_VERTEX) + 1;
  const base = await baselineDocument(1);
  const container = base.container("graph", "graph");
  const batch = new BatchWriter();
  for (let index = 0; index < vertices; index += 1) batch.add(container, vertexKey(vertexOf(index)).slice());
  for (let writer = 0; writer < WRITERS; writer += 1) {
    base.setReplica(replicaOf(1 + writer));
    for (let index = writer; index < edges; index += WRITERS)
      batch.add(container, edgeBytes(index, vertices));
    batch.applyTo(base, NOW_MS);
  }
  const writer = await baselineDocument(100);
  writer.merge(base.snapshot(), NOW_MS, false);
  const order = shuffled(edges);
  const deltas: Uint8Array[] = [];
  let vector = writer.versionVector();
  for (let delta = 0; delta < count; delta += 1) {
    for (let index = 0; index < mutations; index += 1) {
      const position = delta * mutations + index;
      const known = edgeBytes(order[position % edges] as number, vertices);
      if (index % 5 === 4) batch.remove(container, known);
      else batch.add(container, index % 2 === 0 ? known : edgeBytes(edges + position, vertices));
    }
    batch.applyTo(writer, NOW_MS + 1_000);
    deltas.push(writer.deltaSince(vector));
    vector = writer.versionVector();
  }
  return { base: base.snapshot(), deltas, operations: mutations };
}

const repetitionOf = ({ isQuick }: Circumstances) =>
  isQuick ? { warmups: 0, samplesMin: 1, budgetMs: 0 } : { warmups: 3, samplesMin: 5, budgetMs: 1_500 };

function outcome(workload: string, n: number, nsPerOp: number, checks: ReadonlySet<string>): Outcome {
  const [check, ...others] = checks;
  if (check === undefined || others.length > 0)
    throw new Error(`${workload}: results differ between samples`);
  return { samples: [{ workload, n, nsPerOp }], check };
}

async function addBatch(circumstances: Circumstances): Promise<Outcome> {
  const edges = circumstances.isQuick ? 100 : EDGES;
  const vertices = Math.ceil(edges / EDGES_A_VERTEX) + 1;
  const keys = Array.from({ length: edges }, (_, index) => edgeBytes(index, vertices));
  const engine = await openEngine(circumstances.competitor);
  const checks = new Set<string>();
  const { time = Number.NaN } = await repeat(repetitionOf(circumstances), () => {
    const document = openDocument(engine, replicaOf(1));
    const container = document.container("graph", "graph");
    const batch = new BatchWriter();
    for (const key of keys) batch.add(container, key);
    collectGarbage();
    const elapsed = elapsedNs(() => batch.applyTo(document, NOW_MS));
    checks.add(`${document.digest()}, ${document.size(container)}`);
    document.close();
    return { time: elapsed };
  });
  return outcome("graph-add-batch", edges, time / edges, checks);
}

async function addMany(circumstances: Circumstances): Promise<Outcome> {
  const count = circumstances.isQuick ? 100 : EDGES;
  const vertices = Math.ceil(count / EDGES_A_VERTEX) + 1;
  const edges = Array.from({ length: count }, (_, index) => ({
    ...edgeOf(index, vertices),
    label: `${index}`,
  }));
  const replica = await createReplica({ engine: circumstances.competitor as "wasm" | "baseline" });
  const checks = new Set<string>();
  let documents = 0;
  const { time = Number.NaN } = await repeat(repetitionOf(circumstances), async () => {
    const city = await replica.open(`city ${documents++}`, City);
    collectGarbage();
    const elapsed = elapsedNs(() => {
      checks.add(`${city.roads.addMany({ edges })}`);
    });
    await city.close();
    return { time: elapsed };
  });
  await replica.close();
  return outcome("graph-add-many", count, time / count, checks);
}

async function walk(circumstances: Circumstances): Promise<Outcome> {
  const count = circumstances.isQuick ? 100 : EDGES;
  const vertices = Math.ceil(count / EDGES_A_VERTEX);
  const replica = await createReplica({ engine: circumstances.competitor as "wasm" | "baseline" });
  const other = await createReplica({ engine: circumstances.competitor as "wasm" | "baseline" });
  const city = await replica.open("city", City);
  const far = await other.open("city", City);
  far.roads.addMany({
    vertices: Array.from({ length: vertices }, (_, index) => ({ id: vertexOf(index) })),
    edges: Array.from({ length: count }, (_, index) => edgeOf(index, vertices)),
  });
  city.merge(far.snapshot());
  const edgesBefore = city.roads.edgeCount;
  const checks = new Set<string>();
  let touched = 0;
  const { time = Number.NaN } = await repeat(repetitionOf(circumstances), () => {
    for (let index = 0; index < 100; index += 1) {
      const label = `${touched++}`;
      far.roads.addEdge(vertexOf(0), vertexOf(1), { label });
      far.roads.removeEdge(vertexOf(0), vertexOf(1), { label });
    }
    city.merge(far.deltaSince(city.versionVector()));
    city.roads.neighbours(vertexOf(0));
    collectGarbage();
    let reached = 0;
    const elapsed = elapsedNs(() => {
      reached = city.roads.kHop(vertexOf(0), Number.POSITIVE_INFINITY).size;
    });
    if (reached !== vertices) throw new Error(`graph-bfs: ${reached} of ${vertices} vertices reached`);
    checks.add(`${reached} ${city.roads.edgeCount - edgesBefore}`);
    return { time: elapsed };
  });
  await replica.close();
  await other.close();
  return outcome("graph-bfs", 1, time, checks);
}

const both = (name: string, run: Workload["run"]): Workload => ({
  name,
  competitors: ["baseline", "wasm"],
  rounds: 5,
  run,
});

export const graphs: readonly Workload[] = [
  merge("graph-merge-1k", 5, (scale) => mergeInputs(scaled(EDGES, scale), scaled(1_000, scale), 10)),
  both("graph-add-batch", addBatch),
  both("graph-add-many", addMany),
  both("graph-bfs", walk),
];
