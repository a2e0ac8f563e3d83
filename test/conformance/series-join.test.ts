// Joining the small chunks of a label ("Series chunks" in docs/wire-format.md): what is joined, that no point is lost or
// doubled on whatever way chunks, marks and joined ones meet, and that nobody else's chunks are touched.
import { beforeAll, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.ts";
import { Batch, mutate, readEntries } from "./batch.ts";
import { imageOf, NOW_MS, syncAll, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";
import { pointsOf } from "./series-questions.ts";

describeEngines("joining chunks", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  const series = (replica?: number) => {
    const document = open(replica);
    const index = document.container("series", "s");
    const record = (times: readonly number[], label = "a"): void => {
      for (const time of times)
        mutate(document, NOW_MS, (batch) => batch.record(index, label, [time], [time]));
    };
    const join = (label = "a"): number => mutate(document, NOW_MS, (batch) => batch.join(index, label));
    const retain = (time: number): number =>
      mutate(document, NOW_MS, (batch) => batch.retain(index, "a", time));
    const sequences = (): number[] => readEntries(document.entries(index, 0)).map(({ sequence }) => sequence);
    const times = (label = "a"): number[] => pointsOf(document, index, label).map(([time]) => time);
    return { document, index, record, join, retain, sequences, times };
  };
  const upTo = (count: number, first = 0) => Array.from({ length: count }, (_, index) => first + index);

  it("takes sixteen small ones, no fewer, and leaves points as they were", () => {
    const { record, join, sequences, times, document, index } = series();
    record(upTo(15));
    expect([join(), sequences().length]).toEqual([0, 15]);
    record([7]);
    record([3], "b");
    expect(join()).toBe(1);
    expect(sequences()).toEqual([17, 18]);
    expect(times()).toEqual([...upTo(8), 7, ...upTo(7, 8)]);
    expect(times("b")).toEqual([3]);
    expect(document.size(index)).toBe(17);
    expect([join(), join("b"), join("none")]).toEqual([0, 0, 0]);
    document.checkInvariants();
  });

  it("writes the bytes that the page describes", () => {
    const { document, index, join } = series();
    for (const time of upTo(16))
      mutate(document, NOW_MS, (batch) => batch.record(index, "a", [time * 1000], [time]));
    join();
    const [joined] = readEntries(document.entries(index, 0));
    // 16 points; joined, in thousands, scale 0; covers 16; from 0, for 15,000; first value 0; steps of 1 thousand, of 1.
    expect(Buffer.from(joined!.payload, "latin1").toString("hex")).toBe(
      ["10", "90", "10", "00", "9875", "00", "0001", "0002"].join(""),
    );
  });

  it("takes what was joined again when there are sixteen of that size, and leaves large chunks alone", () => {
    const { record, join, sequences, times, document, index } = series();
    mutate(document, NOW_MS, (batch) => batch.record(index, "a", upTo(4096, 9000), upTo(4096)));
    const late = series(2);
    for (let round = 0; round < 16; round++) {
      record(upTo(16, round * 16));
      if (round === 0) late.document.merge(document.snapshot(), NOW_MS, false);
      join();
    }
    expect(sequences()).toEqual([1, 274]);
    expect(times()).toEqual([...upTo(256), ...upTo(4096, 9000)]);
    late.document.merge(document.deltaSince(late.document.versionVector()), NOW_MS, false);
    expect([late.sequences(), late.document.digest()]).toEqual([[1, 274], document.digest()]);
  });

  it("stands for its chunks wherever it comes: where all, some or none of them are", () => {
    const writer = series(1);
    const readers = [series(2), series(3), series(4), series(5)];
    writer.record(upTo(5));
    readers[0]!.document.merge(writer.document.snapshot(), NOW_MS, false);
    writer.record(upTo(11, 5));
    readers[1]!.document.merge(writer.document.snapshot(), NOW_MS, false);
    writer.join();
    const delta = writer.document.deltaSince(new Uint8Array(4));
    writer.record(upTo(16, 20));
    writer.join();
    readers[2]!.document.merge(delta, NOW_MS, false);
    for (const { document, times } of readers) {
      document.merge(writer.document.deltaSince(document.versionVector()), NOW_MS, false);
      expect(times()).toEqual([...upTo(16), ...upTo(16, 20)]);
      expect(document.digest()).toBe(writer.document.digest());
      document.checkInvariants();
    }
  });

  it("touches only chunks of its own replica and label", () => {
    const [left, right] = [series(1), series(2)];
    left.record(upTo(10));
    right.record(upTo(10, 100));
    syncAll([left.document, right.document]);
    left.record(upTo(6, 10));
    left.record([1], "b");
    expect([right.join(), left.join()]).toEqual([0, 1]);
    syncAll([left.document, right.document]);
    for (const { times } of [left, right]) {
      expect(times()).toEqual([...upTo(16), ...upTo(10, 100)]);
      expect(times("b")).toEqual([1]);
    }
  });

  it("and marks made at the same time give one state, whichever comes first", () => {
    for (const mark of [8, 16]) {
      const [writer, other] = [series(1), series(2)];
      writer.record(upTo(16));
      other.document.merge(writer.document.snapshot(), NOW_MS, false);
      other.retain(mark);
      writer.join();
      const deltas = [writer, other].map(({ document }) => document.deltaSince(new Uint8Array(4)));
      const images = [deltas, [...deltas].reverse()].map((order) => {
        const reader = series(9);
        for (const delta of order) reader.document.merge(delta, NOW_MS, false);
        expect(reader.times()).toEqual(upTo(16).slice(mark));
        return reader.document.digest();
      });
      syncAll([writer.document, other.document]);
      expect(new Set([...images, writer.document.digest(), other.document.digest()]).size).toBe(1);
    }
  });

  it("is undone with its transaction", () => {
    const { document, record, join, times } = series();
    record(upTo(16));
    const image = imageOf(document);
    expect(times()).toEqual(upTo(16));
    document.begin();
    expect(join()).toBe(1);
    expect(times()).toEqual(upTo(16));
    document.rollback();
    expect(imageOf(document)).toBe(image);
    expect(times()).toEqual(upTo(16));
    document.checkInvariants();
  });

  it("refuses labels that are cut off or too long, and other containers", () => {
    const { document, index } = series();
    const map = document.container("map", "m");
    for (const [container, cut] of [
      [index, 1],
      [map, 0],
    ] as const) {
      const { bytes } = new Batch().join(container, "label");
      expect(() => document.mutate(bytes, bytes.length - cut, NOW_MS)).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    }
    expect(() => mutate(document, NOW_MS, (batch) => batch.join(index, "x".repeat(65535)))).toThrow(
      expect.objectContaining({ code: "limit-exceeded" }),
    );
  });
});
