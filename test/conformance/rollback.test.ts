// All or nothing in the baseline engine, whatever fails: a fault is thrown at every step of a merge, a compaction and
// a mutation in turn, and afterwards the document is as it was. (The WebAssembly engine has its own traps injected.)
import { afterEach, expect, it, vi } from "vitest";
import { createBaselineEngine } from "../../host/engine/baseline/baseline-engine.ts";
import { UndoJournal, type UndoStep } from "../../host/engine/baseline/undo-journal.ts";
import { CONTAINER_TYPES, type ContainerTypeName, type EngineDocument } from "../../host/engine/engine.ts";
import { type Batch, mutate, replicaId } from "./batch.ts";
import { imageOf, NOW_MS } from "./documents.ts";

const TYPES = Object.keys(CONTAINER_TYPES) as ContainerTypeName[];
const [VALUE, VALUES, HIGH, LOW, BOUNDED, SERIES, GRAPH, WORKFLOW, VOTE, LIST] = [
  6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
] as const;
const number = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);
const engine = createBaselineEngine();
const open = (replica: number): EngineDocument => {
  const document = engine.createDocument({
    replica: replicaId(replica),
    hashSeed: [1, 2],
    driftLimitMs: 60_000,
  });
  for (const type of TYPES) document.container(type, type);
  return document;
};
const fill = (batch: Batch): Batch =>
  batch
    .increment(0, 5)
    .put(1, "", "r")
    .put(2, "k", "v")
    .delete(2, "k")
    .put(2, "l", "w")
    .add(3, "e")
    .add(3, "f")
    .add(4, "")
    .push(5, "1")
    .push(5, "2")
    .put(VALUE, "", "v")
    .put(VALUES, "k", "v")
    .put(VALUES, "l", "w")
    .put(HIGH, "", number(3))
    .put(LOW, "", number(3))
    .adjust(BOUNDED, "", 5, 3)
    .adjust(BOUNDED, number(1), 2, 0)
    .record(SERIES, "a", [30, 10, 20], [1, 2, 3])
    .record(SERIES, "a", [40], [4])
    .record(SERIES, "b", [5, 50], [5, 6])
    .retain(SERIES, "b", 4)
    .add(GRAPH, "\u0001a")
    .put(GRAPH, "\u0003a", "v")
    .put(GRAPH, "\u0003b", "v")
    .push(WORKFLOW, "1")
    .push(VOTE, "1")
    .insert(LIST, "\u0001", "v")
    .put(LIST, "\u0002a", "v")
    .delete(LIST, "\u0003a");
const change = (batch: Batch): Batch =>
  batch
    .increment(0, -7)
    .put(1, "", "s")
    .put(2, "k", "x")
    .clear(2)
    .remove(3, "e")
    .add(3, "f")
    .clear(4)
    .push(5, "3")
    .put(VALUE, "", "w")
    .put(VALUES, "k", "x")
    .clear(VALUES)
    .put(HIGH, "", number(4))
    .put(LOW, "", number(2))
    .adjust(BOUNDED, "", 1, 1)
    .adjust(BOUNDED, number(2), 1, 1)
    .record(SERIES, "a", [60], [7])
    .retain(SERIES, "a", 35)
    .retain(SERIES, undefined, 6)
    .retain(SERIES, "b", 99)
    .remove(GRAPH, "\u0001a")
    .add(GRAPH, "\u0002a")
    .delete(GRAPH, "\u0003a")
    .put(GRAPH, "\u0003b", "w")
    .push(WORKFLOW, "2")
    .truncate(VOTE, { timestamp: NOW_MS * 1024, replica: 1n, sequence: 99 })
    .insert(LIST, "\u0001", "")
    .delete(LIST, "\u0002a")
    .put(LIST, "\u0003a", "v")
    .truncate(5, { timestamp: NOW_MS * 1024, replica: 1n, sequence: 9 });

/** Throws when the journal takes its `number`th step of a call, and says whether it came to that. */
function failAtStep(number: number, call: () => unknown): boolean {
  const push = UndoJournal.prototype.push;
  let steps = 0;
  const spy = vi.spyOn(UndoJournal.prototype, "push").mockImplementation(function (
    this: UndoJournal,
    step: UndoStep,
  ) {
    push.call(this, step);
    if (++steps === number) throw new RangeError("injected");
  });
  try {
    call();
    return false;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return true;
  } finally {
    spy.mockRestore();
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** Fails `call` at each of its steps; `make` gives a fresh document each time. */
function failEverywhere(make: () => EngineDocument, call: (document: EngineDocument) => unknown): number {
  for (let step = 1; ; step++) {
    const document = make();
    const before = imageOf(document);
    const hasFailed = failAtStep(step, () => call(document));
    document.checkInvariants();
    if (!hasFailed) {
      expect(imageOf(document)).not.toBe(before);
      return step - 1;
    }
    expect(imageOf(document), `step ${step}`).toBe(before);
    call(document);
    document.checkInvariants();
  }
}

it("a merge that fails at any step leaves nothing", () => {
  const writer = open(1);
  mutate(writer, NOW_MS, fill);
  const filled = writer.snapshot();
  mutate(writer, NOW_MS + 1, change);
  const delta = writer.snapshot();
  writer.compact(writer.versionVector(), NOW_MS + 10);
  const compacted = writer.snapshot();
  const reader = (): EngineDocument => {
    const document = open(2);
    document.merge(filled, NOW_MS, false);
    mutate(document, NOW_MS, (batch) => batch.put(2, "own", "v").add(3, "f").push(5, "own"));
    return document;
  };
  expect(
    failEverywhere(
      () => open(3),
      (document) => document.merge(filled, NOW_MS, true),
    ),
  ).toBeGreaterThan(10);
  expect(failEverywhere(reader, (document) => document.merge(delta, NOW_MS, true))).toBeGreaterThan(10);
  expect(failEverywhere(reader, (document) => document.merge(compacted, NOW_MS, true))).toBeGreaterThan(10);
});

it("a compaction that fails at any step leaves nothing", () => {
  const make = (): EngineDocument => {
    const document = open(1);
    mutate(document, NOW_MS, fill);
    mutate(document, NOW_MS, change);
    return document;
  };
  expect(
    failEverywhere(make, (document) => document.compact(document.versionVector(), NOW_MS + 10)),
  ).toBeGreaterThan(3);
});

it("a mutation that fails at any step leaves nothing", () => {
  const make = (): EngineDocument => {
    const document = open(1);
    mutate(document, NOW_MS, fill);
    return document;
  };
  expect(failEverywhere(make, (document) => mutate(document, NOW_MS + 1, change))).toBeGreaterThan(10);
});

it("setClock that fails leaves the clock", () => {
  expect(
    failEverywhere(
      () => open(1),
      (document) => document.setClock(5),
    ),
  ).toBe(1);
});
