// What replicas write before a merge that is cut short, a writer a data type: round 1 stands in the base, rounds 3 and 2
// in the delta, round 4 comes after it.
import type { EngineDocument } from "../../../host/engine/engine.ts";
import { createWasmEngine } from "../../../host/engine/wasm/wasm-engine.ts";
import { mutate, replicaId, vectorBytes } from "../../conformance/batch.ts";

export const NOW_MS = 1_700_000_000_000;
export const options = { hashSeed: [7, 11], driftLimitMs: 60_000 } as const;
const engine = createWasmEngine();

export function open(replica: number): EngineDocument {
  return engine.createDocument({ replica: replicaId(replica), ...options });
}

export type Write = (document: EngineDocument, round: number) => void;

const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `key ${from + index}`);

export const writeMap: Write = (document, round) => {
  const map = document.container("map", "map");
  mutate(document, NOW_MS + round, (batch) => {
    for (const key of keys(round * 20, round * 20 + 60))
      batch.put(map, key, `${key} of ${round}`.repeat(round));
    return batch.delete(map, `key ${round * 20 + 3}`);
  });
};

/** Replaces a few of many keys in place, without any column growing. */
export const rewriteMap: Write = (document, round) => {
  const map = document.container("map", "map");
  mutate(document, NOW_MS + round, (batch) => {
    for (const key of keys(0, round === 1 ? 200 : 40)) batch.put(map, key, `value ${round}`);
    return round === 1 ? batch : batch.delete(map, "key 7");
  });
};

export const writeSet: Write = (document, round) => {
  const set = document.container("set", "set");
  const flag = document.container("flag", "flag");
  mutate(document, NOW_MS + round, (batch) => {
    for (const key of keys(round * 10, round * 10 + 40)) batch.add(set, key);
    for (const key of keys(round * 10, round * 10 + 15)) batch.remove(set, key);
    return batch.add(flag, "");
  });
  if (round === 2) mutate(document, NOW_MS + round, (batch) => batch.clear(set).add(set, "left"));
};

export const writeCounter: Write = (document, round) => {
  for (const name of ["a", "b", "c"]) {
    const counter = document.container("counter", name);
    mutate(document, NOW_MS + round, (batch) =>
      batch.increment(counter, round * 1000).increment(counter, -1),
    );
  }
};

export const writeLog: Write = (document, round) => {
  const log = document.container("log", "log");
  mutate(document, NOW_MS + round, (batch) => {
    for (let index = 0; index < 30; index++) batch.push(log, `line ${index} of ${round}`);
    return batch;
  });
  if (round === 2) {
    const position = { timestamp: (NOW_MS + 1) * 1024 + 5, replica: 2n, sequence: 10 };
    mutate(document, NOW_MS + round, (batch) => batch.truncate(log, position));
  }
};

export const writeAll: Write = (document, round) => {
  for (const write of [writeMap, writeSet, writeCounter, writeLog]) write(document, round);
};

/** What each of `replicas` writes without having seen the others, taken in by `document`. */
function giveEach(
  document: EngineDocument,
  replicas: readonly number[],
  write: (other: EngineDocument, replica: number) => void,
): void {
  for (const replica of replicas) {
    const other = open(replica);
    write(other, replica);
    document.merge(other.deltaSince(document.versionVector()), NOW_MS, false);
    other.close();
  }
}

/** Values side by side, written over, deleted and cleared. */
export const writeMulti: Write = (document, round) => {
  const value = document.container("multi-value", "value");
  const map = document.container("multi-map", "map");
  const replicas = [41, 43, 45, 42].map((replica) => replica + round * 10);
  giveEach(document, replicas, (other, replica) => {
    const otherValue = other.container("multi-value", "value");
    const otherMap = other.container("multi-map", "map");
    mutate(other, NOW_MS + round, (batch) => {
      for (const key of keys(0, 8)) batch.put(otherMap, key, `${key} of ${replica}`.repeat(round));
      return batch.put(otherValue, "", `value of ${replica}`);
    });
  });
  if (round === 1 || round === 4) return;
  mutate(document, NOW_MS + round, (batch) => {
    if (round === 2) batch.clear(value);
    for (const key of keys(round, round + 3)) batch.put(map, key, "x".repeat(round * 40));
    return batch.put(value, "", `of ${round}`).delete(map, "key 7");
  });
};

const number = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);

/** Extremes that rise and values that lose; sums that several replicas have under the same keys. */
export const writeNumbers: Write = (document, round) => {
  const bounded = document.container("bounded", "bounded");
  const extremes = ["maximum", "minimum"] as const;
  const own = document.replica;
  for (const replica of [91, 92, round * 1000, round * 1000 + 1]) {
    if (replica < 100 && round % 2 === 0) continue;
    document.setReplica(replicaId(replica));
    mutate(document, NOW_MS + round, (batch) => {
      for (let holder = 1n; holder < 8n; holder++) {
        batch.adjust(bounded, new Uint8Array(BigUint64Array.of(holder).buffer), round * 50_000, round);
      }
      for (const type of extremes) {
        const container = document.container(type, type);
        for (const value of [0, -0, round, -round, 0.5]) batch.put(container, "", number(value));
      }
      return batch.adjust(bounded, "", 1, 0);
    });
  }
  document.setReplica(own);
};

/** Vertices and edges that come and go, attributes that are replaced and deleted. */
export const writeGraph: Write = (document, round) => {
  const graph = document.container("graph", "graph");
  giveEach(document, [round * 10 + 401, round * 10 + 402], (other) => {
    const index = other.container("graph", "graph");
    mutate(other, NOW_MS, (batch) => batch.add(index, "\u0001shared").put(index, "\u0003shared", "theirs"));
  });
  mutate(document, NOW_MS + round, (batch) => {
    for (const key of keys(round * 5, round * 5 + 20)) {
      batch.add(graph, `\u0001${key}`).add(graph, `\u0002${key}`);
      batch.put(graph, `\u0003${key}`, `${key} of ${round}`.repeat(round));
    }
    for (const key of keys(round * 5, round * 5 + 6)) batch.remove(graph, `\u0002${key}`);
    batch.delete(graph, `\u0003key ${round * 5 + 1}`);
    return round === 2 ? batch.remove(graph, "\u0001shared") : batch;
  });
};

/** Positions, some under the same key; values and places that are written, deleted and written again. */
export const writeList: Write = (document, round) => {
  const list = document.container("list", "list");
  mutate(document, NOW_MS + round, (batch) => {
    for (const key of keys(round * 4, round * 4 + 25)) {
      batch.insert(list, `\u0001${key}`, round === 3 ? "" : `${key} of ${round}`);
    }
    for (const key of keys(round, round + 15)) batch.put(list, `\u0002${key}`, "value ".repeat(round));
    for (const key of keys(round * 2, round * 2 + 9)) batch.delete(list, `\u0002${key}`);
    return batch.delete(list, "\u0003never").put(list, "\u0003place", `place ${round}`);
  });
};

/** The logs that are no log, one of them truncated. */
export const writeSteps: Write = (document, round) => {
  const workflow = document.container("workflow", "workflow");
  const vote = document.container("vote", "vote");
  mutate(document, NOW_MS + round, (batch) => {
    for (let index = 0; index < 12; index++) batch.push(workflow, `step ${index}`).push(vote, `${round}`);
    return batch;
  });
  const position = { timestamp: (NOW_MS + 1) * 1024 + 5, replica: 2n, sequence: 10 };
  if (round === 2) mutate(document, NOW_MS + round, (batch) => batch.truncate(workflow, position));
};

/** Chunks that overlap, marks of some labels and of all, and chunks that come too late for them. */
export const writeSeries: Write = (document, round) => {
  const series = document.container("series", "series");
  mutate(document, NOW_MS + round, (batch) => {
    for (const [number, label] of keys(0, 6).entries()) {
      const times = Array.from({ length: 40 }, (_, index) => (round * 30 + index * (number + 1)) % 200);
      batch.record(series, label, times, times);
    }
    if (round === 3) batch.retain(series, "key 1", 60).retain(series, "key 2", 100);
    if (round === 2) batch.retain(series, undefined, 70).retain(series, "key 1", 90);
    return batch;
  });
  giveEach(document, [round * 10 + 501, round * 10 + 502], (other, replica) => {
    const index = other.container("series", "series");
    mutate(other, NOW_MS, (batch) =>
      batch.record(index, "key 3", [replica, round, 65], [1, 2, 3]).record(index, "key 4", [round * 20], [0]),
    );
  });
};

export const writeNewest: Write = (document, round) => {
  for (const write of [writeMulti, writeNumbers, writeGraph, writeList, writeSteps, writeSeries])
    write(document, round);
};

/** Elements that many replicas add at once, taken away one entry at a time and together. */
export const writeShared: Write = (document, round) => {
  const adder = (replica: number): EngineDocument => {
    const other = open(replica);
    const set = other.container("set", "set");
    mutate(other, NOW_MS, (batch) => batch.add(set, "x").add(set, "y"));
    return other;
  };
  const give = (other: EngineDocument): void => {
    document.merge(other.deltaSince(document.versionVector()), NOW_MS, false);
    other.close();
  };
  if (round === 1) for (const replica of [55, 53, 51, 54, 52, 56]) give(adder(replica));
  if (round === 3) {
    for (const replica of [53, 55]) {
      const remover = open(replica + 20);
      const seen = adder(replica);
      remover.merge(seen.deltaSince(vectorBytes()), NOW_MS, false);
      seen.close();
      mutate(remover, NOW_MS, (batch) => batch.remove(remover.container("set", "set"), "y"));
      give(remover);
    }
  }
  if (round % 2 === 0) {
    const set = document.container("set", "set");
    mutate(document, NOW_MS + round, (batch) => (round === 2 ? batch.remove(set, "x") : batch.clear(set)));
  }
};
