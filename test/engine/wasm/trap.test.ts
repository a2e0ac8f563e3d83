// A merge that traps leaves the document as it was: the host throws before every tenth store of merges of every kind,
// and what is left is compared with what was there, down to the bytes of the snapshot. The same for mutations inside a
// transaction. On the debug and the release module.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EngineDocument } from "../../../host/engine/engine.ts";
import { WasmDocument } from "../../../host/engine/wasm/wasm-document.ts";
import type { WasmInstance } from "../../../host/engine/wasm/wasm-instance.ts";
import { WasmVectorTable } from "../../../host/engine/wasm/wasm-vector-table.ts";
import { isCrdtError } from "../../../host/errors.ts";
import { Batch, hex, mutate, replicaId, vectorBytes } from "../../conformance/batch.ts";
import { createInstrumented, instrument, StoreCounter } from "./instrumented-instance.ts";
import {
  NOW_MS,
  open,
  options,
  rewriteMap,
  type Write,
  writeAll,
  writeCounter,
  writeGraph,
  writeList,
  writeLog,
  writeMap,
  writeMulti,
  writeNewest,
  writeNumbers,
  writeSeries,
  writeSet,
  writeShared,
  writeSteps,
} from "./trap-writers.ts";

const root = join(import.meta.dirname, "../../..");
const EVERY = Number(process.env.TRAP_EVERY ?? 10);

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
  ["values side by side", writeMulti, false],
  ["extremes and own sums", writeNumbers, false],
  ["a graph", writeGraph, false],
  ["a list", writeList, false],
  ["a workflow and votes", writeSteps, false],
  ["a series with marks", writeSeries, false],
  ["a snapshot of a series with marks", writeSeries, true],
  ["many types", writeAll, false],
  ["a snapshot of many types", writeAll, true],
  ["a snapshot of the other types", writeNewest, true],
];

const EIGHT = new Uint8Array(Float64Array.of(1e6).buffer);

const batches: readonly [string, Write, (document: EngineDocument) => Batch][] = [
  [
    "a map and a set",
    writeAll,
    (document) => {
      const map = document.container("map", "map");
      const set = document.container("set", "set");
      return new Batch().put(map, "key 30", "changed").put(map, "new", "new").clear(set).clear(map);
    },
  ],
  [
    "the other types",
    writeNewest,
    (document) => {
      const [value, map] = [
        document.container("multi-value", "value"),
        document.container("multi-map", "map"),
      ];
      const [maximum, bounded] = [
        document.container("maximum", "maximum"),
        document.container("bounded", "bounded"),
      ];
      const [graph, list] = [document.container("graph", "graph"), document.container("list", "list")];
      return new Batch()
        .put(value, "", "over all of them")
        .put(map, "key 1", "x".repeat(500))
        .delete(map, "key 2")
        .clear(map)
        .put(maximum, "", EIGHT)
        .adjust(bounded, "", 2 ** 40, 3)
        .adjust(bounded, EIGHT, 1, 1)
        .add(graph, "\u0001shared")
        .remove(graph, "\u0001key 6")
        .delete(graph, "\u0003key 7")
        .insert(list, "\u0001key 4", "")
        .delete(list, "\u0002key 1")
        .put(list, "\u0002key 2", "y".repeat(300));
    },
  ],
  [
    "a series",
    writeSeries,
    (document) => {
      const series = document.container("series", "series");
      const times = Array.from({ length: 300 }, (_, index) => (index * 37) % 300);
      return new Batch()
        .record(series, "key 1", times, times)
        .record(series, "new", times, times)
        .retain(series, "key 1", 150)
        .record(series, "key 1", [10, 160], [1, 2])
        .retain(series, undefined, 60);
    },
  ],
];

const endings: readonly [string, (document: WasmDocument) => void, boolean][] = [
  ["commit", (document) => document.commit(), true],
  ["rollback", (document) => document.rollback(), false],
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

  it.each(batches)(
    "%s inside a transaction: the batch is undone, the transaction goes on",
    {
      timeout: 300_000,
    },
    (_title, write, build) => {
      const document = new WasmDocument(instance, { replica: replicaId(9), ...options });
      write(document, 1);
      const map = document.container("map", "map");
      const batch = build(document).bytes;
      const before = imageOf(document);
      document.begin();
      mutate(document, NOW_MS + 30, (first) => first.put(map, "first", "kept"));
      const summary = JSON.stringify(document.containers());
      let traps = 0;
      // At every store: the few in which the journal goes back to the transaction are among them.
      for (let trapAt = 1, isDone = false; !isDone; trapAt++) {
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
    },
  );

  it.each(endings)("a %s cut short at any store is finished, not undone", (_title, end, isKept) => {
    const started = (): WasmDocument => {
      const document = new WasmDocument(instance, { replica: replicaId(9), ...options });
      writeAll(document, 1);
      document.begin();
      const batch = batches[0]![2](document);
      mutate(document, NOW_MS + 30, () => batch);
      return document;
    };
    const expected = started();
    if (!isKept) expected.rollback();
    else counter.watch(0, () => expected.commit());
    const image = imageOf(expected);
    expected.close();
    const freePages = instance.exports.freePages();
    let traps = 0;
    for (let trapAt = 1, isDone = false; !isDone; trapAt++) {
      const document = started();
      counter.watch(trapAt, () => end(document));
      isDone = counter.stores < trapAt;
      if (!isDone) traps++;
      document.checkInvariants();
      expect(imageOf(document), `cut before store ${trapAt}`).toBe(image);
      // The transaction is over, and the journal that all documents share is where it was.
      document.begin();
      document.rollback();
      writeMap(document, 2);
      document.checkInvariants();
      document.close();
      expect(instance.exports.freePages()).toBe(freePages);
    }
    expect(traps).toBeGreaterThan(3);
  });

  it("closing inside a transaction, cut short while that is undone, can be done again", () => {
    const document = new WasmDocument(instance, { replica: replicaId(9), ...options });
    writeAll(document, 1);
    const before = imageOf(document);
    document.begin();
    const batch = batches[0]![2](document);
    mutate(document, NOW_MS + 30, () => batch);
    expect(() => counter.watch(1, () => document.close())).toThrow(/close stopped/);
    expect(imageOf(document)).toBe(before);
    document.close();
    expect(instance.exports.openDocuments()).toBe(0);
  });
});
