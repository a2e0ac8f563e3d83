// Compaction: what it drops and what it must not, floors, and the snapshots it makes necessary.
import { beforeAll, expect, it } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { hex, mutate, readVector, replicaId, vectorBytes } from "./batch.ts";
import { codeOf, imageOf, NOW_MS, sync, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";
import { decodePlainly } from "./plain-decoder.ts";

describeEngines("compaction", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  /** Map: a stays, b is deleted (3). Set: x removed (5), y stays (6). */
  const fill = (document: EngineDocument): EngineDocument => {
    const [map, set] = [document.container("map", "m"), document.container("set", "s")];
    mutate(document, NOW_MS, (batch) => batch.put(map, "a", "1").put(map, "b", "2").delete(map, "b"));
    mutate(document, NOW_MS, (batch) => batch.add(set, "x").remove(set, "x").add(set, "y"));
    return document;
  };

  it("drops what is stable, shows the same, and raises the floor", () => {
    const document = fill(open());
    const digest = document.digest();
    expect(document.statistics()).toEqual({ replicas: 1, entries: 3, deletedMarks: 1, removals: 1 });
    expect(document.compact(vectorBytes([[1, 6]]), NOW_MS + 1)).toEqual({
      removalsDropped: 1,
      deletedMarksDropped: 1,
    });
    expect(document.statistics()).toEqual({ replicas: 1, entries: 2, deletedMarks: 0, removals: 0 });
    expect(document.digest()).toBe(digest);
    expect(readVector(document.floor())).toEqual([[replicaId(1), 6]]);
    expect(document.compact(vectorBytes([[1, 6]]), NOW_MS + 1)).toEqual({
      removalsDropped: 0,
      deletedMarksDropped: 0,
    });
    expect(decodePlainly(document.snapshot()).compacted).toBe(NOW_MS * 1024);
  });

  it("drops only what the vector covers", () => {
    const document = fill(open());
    expect(document.compact(vectorBytes([[1, 2]]), NOW_MS + 1)).toEqual({
      removalsDropped: 0,
      deletedMarksDropped: 0,
    });
    expect(document.compact(vectorBytes([[1, 3]]), NOW_MS + 1)).toEqual({
      removalsDropped: 0,
      deletedMarksDropped: 1,
    });
    expect(document.compact(vectorBytes([[1, 4]]), NOW_MS + 1)).toEqual({
      removalsDropped: 0,
      deletedMarksDropped: 0,
    });
    expect(document.compact(vectorBytes([[1, 5]]), NOW_MS + 1)).toEqual({
      removalsDropped: 1,
      deletedMarksDropped: 0,
    });
    expect(readVector(document.floor())).toEqual([[replicaId(1), 5]]);
  });

  it("never lowers the floor", () => {
    const document = fill(open());
    document.compact(vectorBytes([[1, 5]]), NOW_MS + 1);
    document.compact(vectorBytes([[1, 2]]), NOW_MS + 1);
    document.compact(vectorBytes(), NOW_MS + 1);
    expect(readVector(document.floor())).toEqual([[replicaId(1), 5]]);
  });

  it("keeps a deleted-mark until the wall clock has passed it", () => {
    const document = fill(open());
    expect(document.compact(vectorBytes([[1, 6]]), NOW_MS).deletedMarksDropped).toBe(0);
    expect(document.compact(vectorBytes([[1, 6]]), NOW_MS + 1).deletedMarksDropped).toBe(1);
  });

  it("refuses a vector that is not covered, or is none", () => {
    const document = fill(open());
    const image = imageOf(document);
    for (const stable of [
      vectorBytes([[1, 7]]),
      vectorBytes([[2, 1]]),
      vectorBytes([
        [1, 6],
        [9, 1],
      ]),
      new Uint8Array(2),
    ]) {
      expect(
        codeOf(() => document.compact(stable, NOW_MS + 1)),
        hex(stable),
      ).toBe("invalid-argument");
      expect(imageOf(document)).toBe(image);
    }
  });

  it("gives a snapshot to whom does not cover the floor, and a delta to whom does", () => {
    const document = fill(open());
    document.compact(vectorBytes([[1, 5]]), NOW_MS + 1);
    expect(decodePlainly(document.deltaSince(vectorBytes())).flags).toBe(1);
    expect(decodePlainly(document.deltaSince(vectorBytes([[1, 4]]))).flags).toBe(1);
    expect(decodePlainly(document.deltaSince(vectorBytes([[1, 5]]))).flags).toBe(0);
    expect(decodePlainly(document.localDelta(5)).flags).toBe(2);
    expect(codeOf(() => document.localDelta(4))).toBe("gap");
  });

  it("a snapshot takes away what its maker dropped, and passes on floor and compacted time", () => {
    const [first, second] = [fill(open(1)), open(2)];
    const map = second.container("map", "m");
    sync(first, second);
    mutate(second, NOW_MS, (batch) => batch.put(map, "own", "v"));
    first.compact(vectorBytes([[1, 6]]), NOW_MS + 1);
    expect(second.statistics()).toMatchObject({ deletedMarks: 1, removals: 1 });
    second.merge(first.snapshot(), NOW_MS, false);
    expect(second.statistics()).toEqual({ replicas: 2, entries: 3, deletedMarks: 0, removals: 0 });
    expect(hex(second.floor())).toBe(hex(first.floor()));
    expect(decodePlainly(second.snapshot()).compacted).toBe(NOW_MS * 1024);
    sync(first, second);
    expect(first.digest()).toBe(second.digest());
  });

  it("a snapshot merged by one who knows more keeps that", () => {
    const [first, second] = [fill(open(1)), open(2)];
    sync(first, second);
    const [map, set] = [second.container("map", "m"), second.container("set", "s")];
    mutate(second, NOW_MS + 1, (batch) => batch.put(map, "a", "newer").add(set, "z").remove(set, "y"));
    first.compact(vectorBytes([[1, 6]]), NOW_MS + 1);
    const digest = second.digest();
    expect(second.merge(first.snapshot(), NOW_MS, true).changed).toBe(false);
    expect(second.digest()).toBe(digest);
    first.merge(second.deltaSince(first.versionVector()), NOW_MS, false);
    expect(first.digest()).toBe(digest);
  });

  it("a snapshot brings removal records above the floor to whom lacks them", () => {
    const [first, second, third] = [fill(open(1)), open(2), open(3)];
    sync(first, second);
    sync(first, third);
    const set = second.container("set", "s");
    mutate(second, NOW_MS, (batch) => batch.remove(set, "y"));
    const snapshot = second.snapshot();
    expect(decodePlainly(snapshot).removals.length).toBe(2);
    third.merge(snapshot, NOW_MS, false);
    expect(third.statistics().removals).toBe(2);
    first.merge(third.deltaSince(first.versionVector()), NOW_MS, false);
    expect(first.digest()).toBe(second.digest());
  });
});
