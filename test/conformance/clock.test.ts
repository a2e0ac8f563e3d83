// Time: clocks that are a year ahead, a year behind, or step. One bad clock neither owns a key for ever nor infects
// the others, and no mutation loses to what its replica had already seen.
import { beforeAll, expect, it } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { mutate, readEntries } from "./batch.ts";
import { codeOf, DRIFT_LIMIT_MS, imageOf, NOW_MS, sync, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";

const YEAR_MS = 31_557_600_000;
const LAST = 2 ** 53 - 1;

describeEngines("clock", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  const put = (document: EngineDocument, nowMs: number, key: string, value: string): void => {
    const map = document.container("map", "m");
    mutate(document, nowMs, (batch) => batch.put(map, key, value));
  };
  const valuesOf = (document: EngineDocument): Record<string, string> =>
    Object.fromEntries(
      readEntries(document.entries(document.container("map", "m"), 0)).map(({ key, payload }) => [
        key,
        payload,
      ]),
    );
  const timestampOf = (document: EngineDocument, key: string): number =>
    readEntries(document.entries(0, 0)).find((entry) => entry.key === key)!.timestamp;

  it("one reading a batch: wall time, or one more than the last", () => {
    const document = open();
    const map = document.container("map", "m");
    mutate(document, NOW_MS, (batch) => batch.put(map, "a", "1").put(map, "b", "2"));
    expect([timestampOf(document, "a"), timestampOf(document, "b")]).toEqual([NOW_MS * 1024, NOW_MS * 1024]);
    put(document, NOW_MS, "c", "3");
    expect(timestampOf(document, "c")).toBe(NOW_MS * 1024 + 1);
    put(document, NOW_MS - 5000, "d", "4");
    expect(timestampOf(document, "d")).toBe(NOW_MS * 1024 + 2);
    put(document, NOW_MS + 1, "e", "5");
    expect(timestampOf(document, "e")).toBe((NOW_MS + 1) * 1024);
    expect(document.clock()).toBe((NOW_MS + 1) * 1024);
  });

  it("is read whether or not anything was effective, and put back by a failure", () => {
    const document = open();
    const map = document.container("map", "m");
    expect(mutate(document, NOW_MS, (batch) => batch.delete(map, "absent"))).toBe(0);
    expect(document.clock()).toBe(NOW_MS * 1024);
    expect(mutate(document, NOW_MS, (batch) => batch)).toBe(0);
    expect(document.clock()).toBe(NOW_MS * 1024 + 1);
    expect(codeOf(() => mutate(document, NOW_MS + 9, (batch) => batch.put(map, "k", "")))).toBe(
      "invalid-argument",
    );
    expect(document.clock()).toBe(NOW_MS * 1024 + 1);
  });

  it("absorbs what others wrote, up to the drift limit to the millisecond", () => {
    for (const [aheadMs, isAhead] of [
      [0, false],
      [DRIFT_LIMIT_MS, false],
      [DRIFT_LIMIT_MS + 1, true],
      [YEAR_MS, true],
    ] as const) {
      const [writer, reader] = [open(1), open(2)];
      put(writer, NOW_MS + aheadMs, "k", "v");
      put(writer, NOW_MS + aheadMs, "l", "w");
      const result = reader.merge(writer.snapshot(), NOW_MS, false);
      expect([result.ahead, result.aheadMs]).toEqual(isAhead ? [2, aheadMs] : [0, 0]);
      expect(reader.clock()).toBe(isAhead ? 0 : (NOW_MS + aheadMs) * 1024 + 1);
      expect(valuesOf(reader)).toEqual({ k: "v", l: "w" });
      expect(reader.merge(writer.snapshot(), NOW_MS, false)).toMatchObject({ ahead: 0, aheadMs: 0 });
    }
  });

  it("a replica a year ahead owns no key: a later write elsewhere wins, here and there", () => {
    const [fast, good] = [open(2), open(1)];
    put(fast, NOW_MS + YEAR_MS, "k", "from the future");
    put(fast, NOW_MS + YEAR_MS, "other", "too");
    expect(good.merge(fast.snapshot(), NOW_MS, false)).toMatchObject({ ahead: 2, aheadMs: YEAR_MS });
    put(good, NOW_MS, "k", "now");
    expect(timestampOf(good, "k")).toBe((NOW_MS + YEAR_MS) * 1024 + 1);
    put(good, NOW_MS, "fresh", "true time");
    expect(timestampOf(good, "fresh")).toBe(NOW_MS * 1024 + 1);
    sync(fast, good);
    for (const document of [fast, good]) {
      expect(valuesOf(document)).toEqual({ k: "now", other: "too", fresh: "true time" });
    }
    const third = open(3);
    third.merge(good.snapshot(), NOW_MS, false);
    put(third, NOW_MS, "clean", "x");
    expect(timestampOf(third, "clean")).toBeLessThan((NOW_MS + 1000) * 1024);
  });

  it("a replica a year behind still writes what stands", () => {
    const [slow, good] = [open(1), open(2)];
    put(good, NOW_MS, "k", "now");
    slow.merge(good.snapshot(), NOW_MS - YEAR_MS, false);
    put(slow, NOW_MS - YEAR_MS, "k", "late");
    const map = slow.container("map", "m");
    sync(slow, good);
    expect([valuesOf(slow), valuesOf(good)]).toEqual([{ k: "late" }, { k: "late" }]);
    mutate(slow, NOW_MS - YEAR_MS, (batch) => batch.delete(map, "k"));
    sync(slow, good);
    expect([valuesOf(slow), valuesOf(good)]).toEqual([{}, {}]);
  });

  it("a clock that steps back and forth never runs backwards in the document", () => {
    const document = open();
    let last = 0;
    for (const stepMs of [0, YEAR_MS, -YEAR_MS, 5, -3 * YEAR_MS, YEAR_MS + 1]) {
      put(document, NOW_MS + stepMs, "k", `${stepMs}`);
      expect(document.clock()).toBeGreaterThan(last);
      last = document.clock();
      expect(valuesOf(document)).toEqual({ k: `${stepMs}` });
    }
  });

  it("a write to a key whose deleted-mark was compacted wins over that mark elsewhere, even with a slow clock", () => {
    const [first, second, slow] = [open(1), open(2), open(3)];
    put(first, NOW_MS, "k", "v");
    const map = first.container("map", "m");
    mutate(first, NOW_MS, (batch) => batch.delete(map, "k"));
    sync(first, second);
    first.compact(first.versionVector(), NOW_MS + 1);
    expect(first.statistics().deletedMarks).toBe(0);
    slow.merge(first.deltaSince(slow.versionVector()), NOW_MS - YEAR_MS, false);
    put(slow, NOW_MS - YEAR_MS, "k", "again");
    sync(slow, second);
    sync(second, first);
    for (const document of [first, second, slow]) expect(valuesOf(document)).toEqual({ k: "again" });
    expect(new Set([first, second, slow].map((document) => document.digest())).size).toBe(1);
  });

  it("setClock raises and never lowers", () => {
    const document = open();
    document.setClock(NOW_MS * 1024);
    document.setClock(5);
    expect(document.clock()).toBe(NOW_MS * 1024);
    put(document, 0, "k", "v");
    expect(timestampOf(document, "k")).toBe(NOW_MS * 1024 + 1);
  });

  it("at the end of time writes are refused with limit-exceeded, and nothing changes", () => {
    const document = open();
    document.setClock(LAST - 1);
    put(document, NOW_MS, "k", "last");
    expect(timestampOf(document, "k")).toBe(LAST);
    const image = imageOf(document);
    expect(codeOf(() => put(document, NOW_MS, "k", "v"))).toBe("limit-exceeded");
    expect(codeOf(() => put(document, 2 ** 43 - 1, "other", "v"))).toBe("limit-exceeded");
    expect(imageOf(document)).toBe(image);
    const reader = open(2);
    reader.merge(document.snapshot(), NOW_MS, false);
    expect(codeOf(() => put(reader, NOW_MS, "k", "v"))).toBe("limit-exceeded");
    put(reader, NOW_MS, "free", "v");
    expect(timestampOf(reader, "free")).toBe(NOW_MS * 1024);
    const log = open(4);
    log.container("log", "l");
    mutate(log, NOW_MS, (batch) => batch.truncate(0, { timestamp: LAST, replica: 1n, sequence: 1 }));
    expect(codeOf(() => mutate(log, NOW_MS, (batch) => batch.push(0, "v")))).toBe("limit-exceeded");
  });
});
