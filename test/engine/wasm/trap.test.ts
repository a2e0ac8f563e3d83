// A merge that traps leaves the document as it was: the host throws before every tenth store of merges of every kind,
// and what is left is compared with what was there, down to the bytes of the snapshot. The same for mutations inside a
// transaction. On the debug and the release module.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EngineDocument } from "../../../host/engine/engine.ts";
import { WasmDocument } from "../../../host/engine/wasm/wasm-document.ts";
import { createWasmEngine } from "../../../host/engine/wasm/wasm-engine.ts";
import type { WasmInstance } from "../../../host/engine/wasm/wasm-instance.ts";
import { WasmVectorTable } from "../../../host/engine/wasm/wasm-vector-table.ts";
import { isCrdtError } from "../../../host/errors.ts";
import { Batch, hex, mutate, replicaId, vectorBytes } from "../../conformance/batch.ts";
import { createInstrumented, instrument, StoreCounter } from "./instrumented-instance.ts";

const root = join(import.meta.dirname, "../../..");
const NOW_MS = 1_700_000_000_000;
const EVERY = Number(process.env.TRAP_EVERY ?? 10);
const options = { hashSeed: [7, 11], driftLimitMs: 60_000 } as const;
const engine = createWasmEngine();

const imageOf = (document: EngineDocument): string =>
  [
    document.digest(),
    hex(document.snapshot()),
    hex(document.versionVector()),
    hex(document.floor()),
    document.clock(),
    JSON.stringify(document.containers()),
    JSON.stringify(document.statistics()),
  ].join("\n");

function open(replica: number): EngineDocument {
  return engine.createDocument({ replica: replicaId(replica), ...options });
}

type Write = (document: EngineDocument, round: number) => void;

const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `key ${from + index}`);

const writeMap: Write = (document, round) => {
  const map = document.container("map", "map");
  mutate(document, NOW_MS + round, (batch) => {
    for (const key of keys(round * 20, round * 20 + 60))
      batch.put(map, key, `${key} of ${round}`.repeat(round));
    return batch.delete(map, `key ${round * 20 + 3}`);
  });
};

/** Replaces a few of many keys in place, without any column growing. */
const rewriteMap: Write = (document, round) => {
  const map = document.container("map", "map");
  mutate(document, NOW_MS + round, (batch) => {
    for (const key of keys(0, round === 1 ? 200 : 40)) batch.put(map, key, `value ${round}`);
    return round === 1 ? batch : batch.delete(map, "key 7");
  });
};

const writeSet: Write = (document, round) => {
  const set = document.container("set", "set");
  const flag = document.container("flag", "flag");
  mutate(document, NOW_MS + round, (batch) => {
    for (const key of keys(round * 10, round * 10 + 40)) batch.add(set, key);
    for (const key of keys(round * 10, round * 10 + 15)) batch.remove(set, key);
    return batch.add(flag, "");
  });
  if (round === 2) mutate(document, NOW_MS + round, (batch) => batch.clear(set).add(set, "left"));
};

const writeCounter: Write = (document, round) => {
  for (const name of ["a", "b", "c"]) {
    const counter = document.container("counter", name);
    mutate(document, NOW_MS + round, (batch) =>
      batch.increment(counter, round * 1000).increment(counter, -1),
    );
  }
};

const writeLog: Write = (document, round) => {
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

const writeAll: Write = (document, round) => {
  for (const write of [writeMap, writeSet, writeCounter, writeLog]) write(document, round);
};

/** Elements that many replicas add at once, taken away one entry at a time and together. */
const writeShared: Write = (document, round) => {
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

interface Case {
  readonly base: Uint8Array;
  readonly delta: Uint8Array;
  readonly next: Uint8Array;
}

/** What one replica had, what a second one then did, and what came after, as deltas or as snapshots. */
function prepare(write: Write, isSnapshot: boolean): Case {
  const [first, second] = [open(1), open(2)];
  const noVector = vectorBytes();
  write(first, 1);
  const base = first.snapshot();
  second.merge(base, NOW_MS + 10, false);
  write(first, 3);
  second.merge(first.deltaSince(noVector), NOW_MS + 10, false);
  write(second, 2);
  const encode = (): Uint8Array => (isSnapshot ? second.snapshot() : second.deltaSince(noVector));
  const delta = encode();
  write(second, 4);
  const next = encode();
  first.close();
  second.close();
  return { base, delta, next };
}

/** Traps at every tenth store of merging `delta`, and checks the document after each. */
function trapEverywhere(instance: WasmInstance, counter: StoreCounter, { base, delta, next }: Case): number {
  const start = (): WasmDocument => {
    const document = new WasmDocument(instance, { replica: replicaId(9), ...options });
    document.merge(base, NOW_MS + 20, false);
    mutate(document, NOW_MS + 21, (batch) => batch.put(document.container("map", "map"), "key 5", "mine"));
    return document;
  };
  const merged = start();
  counter.watch(0, () => merged.merge(delta, NOW_MS + 22, true));
  const { stores } = counter;
  const after = imageOf(merged);
  merged.close();
  let document = start();
  const before = imageOf(document);
  let traps = 0;
  for (let trapAt = 1; trapAt <= stores + EVERY; trapAt += EVERY) {
    try {
      counter.watch(trapAt, () => document.merge(delta, NOW_MS + 22, true));
      document.checkInvariants();
      expect(imageOf(document), `cut before store ${trapAt}, and yet merged`).toBe(after);
      document.close();
      document = start();
    } catch (error) {
      if (!isCrdtError(error, "engine-trap")) throw error;
      traps++;
      document.checkInvariants();
      expect(imageOf(document), `cut before store ${trapAt}`).toBe(before);
    }
  }
  document.merge(delta, NOW_MS + 22, false);
  expect(imageOf(document)).toBe(after);
  document.merge(next, NOW_MS + 23, false);
  const twin = open(9);
  twin.merge(document.snapshot(), NOW_MS + 24, false);
  expect(document.digest()).toBe(twin.digest());
  document.checkInvariants();
  document.close();
  twin.close();
  return traps;
}

const cases: readonly [string, Write, boolean][] = [
  ["a map", writeMap, false],
  ["a few keys of a larger map", rewriteMap, false],
  ["a set with removals", writeSet, false],
  ["counters", writeCounter, false],
  ["a log with a truncation", writeLog, false],
  ["adds of the same elements", writeShared, false],
  ["every type", writeAll, false],
  ["a snapshot of every type", writeAll, true],
];

describe.each([
  ["release", "build/engine.wasm"],
  ["debug", "build/engine.debug.wasm"],
])("traps · %s module", (_name, path) => {
  const counter = new StoreCounter();
  const instance = createInstrumented(instrument(readFileSync(join(root, path))), counter);

  it.each(cases)("merging %s", { timeout: 300_000 }, (_title, write, isSnapshot) => {
    expect(trapEverywhere(instance, counter, prepare(write, isSnapshot))).toBeGreaterThan(3);
  });

  it("opening a document or a table is refused with a code", () => {
    const calls: (() => { close(): void })[] = [
      () => new WasmDocument(instance, { replica: replicaId(9), ...options }),
      () => new WasmVectorTable(instance, 3, 5),
    ];
    for (const call of calls) {
      let caught: unknown;
      try {
        counter.watch(1, call).close();
      } catch (error) {
        caught = error;
      }
      expect(isCrdtError(caught, "engine-trap")).toBe(true);
      expect(instance.exports.openDocuments()).toBe(0);
      call().close();
    }
  });

  it("mutating inside a transaction: the batch is undone, the transaction goes on", {
    timeout: 300_000,
  }, () => {
    const document = new WasmDocument(instance, { replica: replicaId(9), ...options });
    writeAll(document, 1);
    const map = document.container("map", "map");
    const set = document.container("set", "set");
    const batch = new Batch()
      .put(map, "key 30", "changed")
      .put(map, "new", "new")
      .clear(set)
      .clear(map).bytes;
    const before = imageOf(document);
    document.begin();
    mutate(document, NOW_MS + 30, (first) => first.put(map, "first", "kept"));
    const summary = JSON.stringify(document.containers());
    let traps = 0;
    for (let trapAt = 1, isDone = false; !isDone; trapAt += EVERY) {
      try {
        counter.watch(trapAt, () => document.mutate(batch, batch.length, NOW_MS + 31));
        isDone = true;
      } catch (error) {
        if (!isCrdtError(error, "engine-trap")) throw error;
        traps++;
        expect(JSON.stringify(document.containers())).toBe(summary);
      }
    }
    expect(traps).toBeGreaterThan(3);
    document.rollback();
    document.checkInvariants();
    expect(imageOf(document)).toBe(before);
    document.close();
  });
});
