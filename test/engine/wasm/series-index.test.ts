// The index of a series is derived: whatever happened in between, a document answers as one does that only ever read the
// whole. Questions cut short, transactions taken back, entries that went, and memory that comes back.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type EngineDocument, SERIES_REQUESTS } from "../../../host/engine/engine.ts";
import { WasmDocument } from "../../../host/engine/wasm/wasm-document.ts";
import { WasmInstance } from "../../../host/engine/wasm/wasm-instance.ts";
import { isCrdtError } from "../../../host/errors.ts";
import { hex, mutate, replicaId } from "../../conformance/batch.ts";
import { ask } from "../../conformance/series-questions.ts";
import { createInstrumented, instrument, StoreCounter } from "./instrumented-instance.ts";
import { NOW_MS, open, options } from "./trap-writers.ts";

const KINDS = [
  { kind: SERIES_REQUESTS.labels },
  { kind: SERIES_REQUESTS.points, labels: ["b"], limit: 50 },
  { kind: SERIES_REQUESTS.reduce, from: 20, to: 700 },
  { kind: SERIES_REQUESTS.windows, width: 90 },
  { kind: SERIES_REQUESTS.sketch },
  { kind: SERIES_REQUESTS.timeOfNewest, labels: ["a"], limit: 7 },
];

const allOf = (document: EngineDocument): string => {
  const index = document.container("series", "s");
  const answers = KINDS.map((question) => hex(ask(document, index, question)));
  return [document.size(index), ...answers].join("\n");
};

/** What a document answers that has just read the state of `document`. */
function freshly(document: EngineDocument): string {
  const twin = open(99);
  twin.merge(document.snapshot(), NOW_MS, false);
  const answers = allOf(twin);
  twin.close();
  return answers;
}

const ramp = (from: number, count: number, step = 1): number[] =>
  Array.from({ length: count }, (_, index) => from + index * step);

function record(document: EngineDocument, label: string, times: number[]): void {
  const index = document.container("series", "s");
  mutate(document, NOW_MS, (batch) => batch.record(index, label, times, times));
}

describe("the index of a series", () => {
  it("stays in step with what comes, goes and is taken back", () => {
    const document = open(1);
    const index = document.container("series", "s");
    const check = (): void => {
      document.checkInvariants();
      expect(allOf(document)).toBe(freshly(document));
      document.checkInvariants();
    };
    for (const [number, label] of ["a", "b", "c", "a", "b", "a"].entries()) {
      record(document, label, ramp(number * 40, 60, 2));
      check();
    }
    mutate(document, NOW_MS, (batch) => batch.retain(index, "a", 180));
    check();
    record(document, "d", ramp(0, 5));
    mutate(document, NOW_MS, (batch) => batch.retain(index, undefined, 90));
    check();
    for (let round = 0; round < 40; round++) {
      record(document, `label ${round % 7}`, ramp(100 + round, 3));
      mutate(document, NOW_MS, (batch) => batch.retain(index, `label ${(round * 3) % 7}`, 90 + round));
      if (round % 5 === 0) check();
    }
    check();
    document.close();
  });

  it("forgets what it saw in a transaction that is rolled back", () => {
    const document = open(1);
    const index = document.container("series", "s");
    record(document, "a", ramp(0, 100));
    record(document, "b", ramp(0, 100));
    const before = allOf(document);
    document.begin();
    record(document, "a", ramp(50, 100));
    mutate(document, NOW_MS, (batch) => batch.retain(index, "b", 90).retain(index, undefined, 20));
    const inside = allOf(document);
    expect(inside).not.toBe(before);
    document.rollback();
    expect(allOf(document)).toBe(before);
    // The same dots, with other points.
    record(document, "a", ramp(500, 10));
    mutate(document, NOW_MS, (batch) => batch.retain(index, "b", 95).retain(index, undefined, 21));
    expect(allOf(document)).toBe(freshly(document));
    document.begin();
    record(document, "a", ramp(600, 10));
    expect(() =>
      mutate(document, NOW_MS, (batch) => batch.record(index, "c", [1], [1]).record(index, "c", [0.5], [1])),
    ).toThrow();
    const kept = allOf(document);
    document.commit();
    expect(allOf(document)).toBe(kept);
    expect(allOf(document)).toBe(freshly(document));
    document.checkInvariants();
    document.close();
  });

  it("gives its memory back with the document", () => {
    const instance = new WasmInstance(undefined);
    const round = (): number => {
      const document = new WasmDocument(instance, { replica: replicaId(1), ...options });
      const index = document.container("series", "s");
      for (let number = 0; number < 300; number++) {
        record(document, `label ${number % 90}`, ramp(number, 40));
        if (number % 50 === 0) ask(document, index, { kind: SERIES_REQUESTS.reduce });
      }
      mutate(document, NOW_MS, (batch) => batch.retain(index, undefined, 200));
      ask(document, index, { kind: SERIES_REQUESTS.windows, width: 10 });
      document.close();
      return instance.exports.freePages();
    };
    round();
    const before = round();
    expect(round()).toBe(before);
  });
});

describe("a question cut short", () => {
  const counter = new StoreCounter();
  const path = join(import.meta.dirname, "../../..", "build/engine.debug.wasm");
  const instance = createInstrumented(instrument(readFileSync(path)), counter);

  it.each(KINDS)(
    "of kind $kind changes nothing, and the next one is answered",
    { timeout: 120_000 },
    (question) => {
      const source = open(1);
      for (let number = 0; number < 12; number++) record(source, "abc"[number % 3]!, ramp(number * 7, 20));
      const snapshot = source.snapshot();
      const start = (): WasmDocument => {
        const document = new WasmDocument(instance, { replica: replicaId(9), ...options });
        document.merge(snapshot, NOW_MS, false);
        return document;
      };
      const expected = allOf(source);
      let document = start();
      const index = document.container("series", "s");
      // The sketch counts in a table all documents share, whose counting no store may cut short.
      const last = question.kind === SERIES_REQUESTS.sketch ? 400 : Number.POSITIVE_INFINITY;
      let traps = 0;
      for (let trapAt = 1, isDone = false; !isDone && trapAt < last; trapAt += trapAt < 200 ? 3 : 37) {
        try {
          counter.watch(trapAt, () => ask(document, index, question));
          isDone = true;
        } catch (error) {
          if (!isCrdtError(error, "engine-trap")) throw error;
          traps++;
        }
        document.checkInvariants();
        expect(allOf(document)).toBe(expected);
        document.checkInvariants();
        document.close();
        document = start();
      }
      expect(traps).toBeGreaterThan(20);
      document.close();
    },
  );
});
