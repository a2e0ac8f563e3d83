// What a series keeps and what it answers: points in order whatever the order of writing, marks that forget, the limits
// and refusals of `record`, `retain` and `series`. The sums are judged in series-sums.test.ts.
import { beforeAll, describe, expect, it } from "vitest";
import { type Engine, SERIES_REQUESTS, WINDOW_FIELDS } from "../../host/engine/engine.ts";
import { CHUNK_POINTS_MAX, KEY_BYTES_MAX, SERIES_RESULT_BYTES_MAX } from "../../host/limits.ts";
import { Batch, hex, mutate, readChanges, readEntries, replicaId } from "./batch.ts";
import { codeOf, imageOf, NOW_MS, sync, syncAll, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";
import {
  ask,
  labelsOf,
  newestTime,
  pointsOf,
  type Question,
  reduced,
  requestBytes,
  sketchOf,
  windowsOf,
} from "./series-questions.ts";

const TENS = [0, 10, 20, 30, 40, 50, 60];
const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const timeBytes = (...times: number[]): Uint8Array => new Uint8Array(Float64Array.from(times).buffer);

describeEngines("series", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  const series = (replica?: number) => {
    const document = open(replica);
    const index = document.container("series", "s");
    const record = (label: string, times: number[], values = times): number =>
      mutate(document, NOW_MS, (batch) => batch.record(index, label, times, values));
    const retain = (label: string | undefined, time: number): number =>
      mutate(document, NOW_MS, (batch) => batch.retain(index, label, time));
    return { document, index, record, retain };
  };

  describe("points", () => {
    it("come back in order of time, whatever the order they came in", () => {
      const { document, index, record } = series();
      record("a", [50, 10, 30]);
      record("a", [40, 0]);
      record("a", [20]);
      expect(pointsOf(document, index, "a")).toEqual([0, 10, 20, 30, 40, 50].map((time) => [time, time]));
      expect(document.size(index)).toBe(6);
      expect(document.sequence()).toBe(3);
    });

    it("between 20 and 50, both included, are four of 0, 10, 20 …", () => {
      const { document, index, record } = series();
      record("a", TENS);
      const times = (from: number, to: number) =>
        pointsOf(document, index, "a", { from, to }).map(([time]) => time);
      expect(times(20, 50)).toEqual([20, 30, 40, 50]);
      expect(times(20.5, 49.5)).toEqual([30, 40]);
      expect(times(Number.NEGATIVE_INFINITY, -1)).toEqual([]);
      expect(times(61, Number.POSITIVE_INFINITY)).toEqual([]);
      expect(times(50, 20)).toEqual([]);
      expect(times(60, 60)).toEqual([60]);
    });

    it("of equal times stay as they came, and those of two replicas are both kept", () => {
      const [left, right] = [series(1), series(2)];
      right.record("a", [10, 10, 10], [3, 1, 2]);
      left.record("a", [10, 20], [9, 8]);
      left.record("a", [10], [7]);
      syncAll([left.document, right.document]);
      const expected = [9, 7, 3, 1, 2, 8];
      for (const { document, index } of [left, right])
        expect(pointsOf(document, index, "a").map(([, value]) => value)).toEqual(expected);
    });

    it("keep every bit of a value and lose the sign of a time of −0", () => {
      const { document, index, record } = series();
      const values = [-0, Number.NEGATIVE_INFINITY, 5e-324, 0.1, Number.POSITIVE_INFINITY];
      record("", [-(2 ** 53 - 1), -0, 0, 1, 2 ** 53 - 1], values);
      const points = pointsOf(document, index, "");
      expect(points.map(([, value]) => value)).toEqual(values);
      expect(points.map(([time]) => time)).toEqual([-(2 ** 53 - 1), 0, 0, 1, 2 ** 53 - 1]);
    });

    it("beyond a chunk go into several, of one dot each", () => {
      const { document, index, record } = series();
      const times = Array.from({ length: CHUNK_POINTS_MAX * 2 + 1 }, (_, number) => (number * 7) % 40000);
      record("a", times, [...times.keys()]);
      expect(document.sequence()).toBe(3);
      expect(readEntries(document.entries(index, 0)).map(({ key }) => key)).toEqual([
        "\u0001a",
        "\u0001a",
        "\u0001a",
      ]);
      const order = [...times.keys()].sort((left, right) => times[left]! - times[right]! || left - right);
      expect(pointsOf(document, index, "a")).toEqual(order.map((number) => [times[number], number]));
      expect(labelsOf(document, index)).toMatchObject([{ label: "a", points: times.length, chunks: 3 }]);
    });

    it("are cut to the newest and the oldest of a limit", () => {
      const { document, index, record } = series();
      for (const start of [300, 100, 200]) record("a", [start, start + 50, start + 150, start + 151]);
      const all = pointsOf(document, index, "a");
      for (const limit of [1, 2, 3, 5, 11, 12, 13]) {
        expect(pointsOf(document, index, "a", { limit })).toEqual(all.slice(-limit));
        expect(pointsOf(document, index, "a", { limit, order: 1 })).toEqual(all.slice(0, limit));
        const within = all.filter(([time]) => time >= 150 && time <= 300);
        const range = { limit, from: 150, to: 300 };
        expect(pointsOf(document, index, "a", range)).toEqual(within.slice(-limit));
        expect(pointsOf(document, index, "a", { ...range, order: 1 })).toEqual(within.slice(0, limit));
        const newest = limit > 12 ? undefined : all[12 - limit]![0];
        expect(newestTime(document, index, "a", limit)).toBe(newest);
      }
      expect(newestTime(document, index, "b", 1)).toBe(undefined);
    });

    it("keep labels apart, and list those that have points by their bytes", () => {
      const { document, index, record, retain } = series();
      const labels = ["b", "", "a", "a\u0000", "\u0080", "\u00ff", "é", "€"];
      for (const [number, label] of labels.entries()) record(label, [number]);
      retain("only marked", 5);
      const bytes = labels.map((label) => latin1(new TextEncoder().encode(label)));
      const rows = labelsOf(document, index);
      expect(rows.map(({ label }) => label)).toEqual([...bytes].sort());
      for (const [number, label] of bytes.entries()) {
        expect(rows.find((row) => row.label === label)).toMatchObject({
          points: 1,
          firstTime: number,
          lastTime: number,
        });
      }
      expect(pointsOf(document, index, "")).toEqual([[1, 1]]);
      expect(pointsOf(document, index, "only marked")).toEqual([]);
    });
  });

  describe("marks", () => {
    it("take what lies below them, and what comes later too", () => {
      const { document, index, record, retain } = series();
      record("a", TENS);
      record("a", [5, 15]);
      record("b", TENS);
      expect(retain("a", 20)).toBe(1);
      expect(pointsOf(document, index, "a").map(([time]) => time)).toEqual([20, 30, 40, 50, 60]);
      expect(labelsOf(document, index)[0]).toMatchObject({
        points: 5,
        firstTime: 20,
        lastTime: 60,
        chunks: 1,
      });
      expect(document.size(index)).toBe(12);
      expect([record("a", [19]), record("a", [20])]).toEqual([0, 1]);
      expect(record("a", [25, 19])).toBe(1);
      expect(pointsOf(document, index, "a").map(([time]) => time)).toEqual([20, 20, 25, 30, 40, 50, 60]);
      expect(retain(undefined, 40)).toBe(1);
      expect(labelsOf(document, index).map(({ points }) => points)).toEqual([3, 3]);
      expect(reduced(document, index)).toMatchObject([
        { start: 40, count: 3, sum: 150 },
        { start: 40, count: 3 },
      ]);
      expect(retain("a", 61)).toBe(1);
      expect(labelsOf(document, index).map(({ label }) => label)).toEqual(["b"]);
      expect(document.size(index)).toBe(3);
    });

    it("rise only, one of a label and one of all beside each other", () => {
      const { document, index, retain } = series();
      expect([retain("a", 5), retain("a", 5), retain("a", 4), retain("a", -0)]).toEqual([1, 0, 0, 0]);
      expect([retain(undefined, 3), retain(undefined, -0), retain("b", -7), retain("b", -0)]).toEqual([
        1, 0, 1, 1,
      ]);
      expect(document.sequence()).toBe(4);
      const read = (key: string) => document.read(index, new TextEncoder().encode(key));
      expect(read("\u0002a")).toEqual(timeBytes(5));
      expect(read("\u0003")).toEqual(timeBytes(3));
      expect(read("\u0002b")).toEqual(timeBytes(0));
      expect(read("\u0002c")).toBe(undefined);
      expect(document.size(index)).toBe(0);
    });

    it("leave nothing of a chunk below in bytes, and all of one they cut", () => {
      const { document, index, record, retain } = series();
      record("a", [1, 2]);
      record("a", [1, 9]);
      retain(undefined, 5);
      const entries = readEntries(document.entries(index, 0));
      expect(entries.map(({ sequence, key }) => [sequence, key])).toEqual([
        [2, "\u0001a"],
        [3, "\u0003"],
      ]);
      expect(pointsOf(document, index, "a")).toEqual([[9, 9]]);
      expect(document.localDelta(0).length).toBeLessThan(120);
    });

    it("give one state in whatever order they and the chunks arrive", () => {
      const writers = [series(1), series(2), series(3)];
      const deltas: Uint8Array[] = [];
      writers[0]!.record("a", TENS);
      writers[0]!.record("a", [0, 5]);
      writers[1]!.retain("a", 25);
      writers[1]!.record("b", [1, 2, 3]);
      writers[2]!.retain(undefined, 2);
      writers[2]!.retain("a", 25);
      for (const { document } of writers)
        deltas.push(document.deltaSince(new Uint8Array(4)), document.snapshot());
      const images = new Set<string>();
      for (let order = 0; order < 60; order++) {
        const { document, index } = series(9);
        for (let step = 0; step < 6; step++)
          document.merge(deltas[(step * 5 + order * 7 + step * order) % 6]!, NOW_MS, false);
        for (const delta of deltas) document.merge(delta, NOW_MS, false);
        images.add(
          `${document.digest()} ${JSON.stringify(pointsOf(document, index, "a"))} ${document.size(index)}`,
        );
      }
      expect([...images]).toEqual([expect.stringContaining("[[30,30],[40,40],[50,50],[60,60]] 6")]);
    });

    it("of equal times agree on one entry", () => {
      const [left, right] = [series(1), series(2)];
      left.retain("a", 7);
      right.retain("a", 7);
      syncAll([left.document, right.document]);
      const keys = readEntries(left.document.entries(left.index, 0));
      expect(keys.map(({ replica }) => replica)).toEqual([replicaId(2)]);
    });

    it("come back with their chunks when a transaction is rolled back", () => {
      const { document, index, record, retain } = series();
      record("a", TENS);
      record("a", [1, 2, 3]);
      retain("b", 1);
      const image = `${imageOf(document)} ${JSON.stringify(pointsOf(document, index, "a"))}`;
      document.begin();
      retain("a", 35);
      record("a", [100]);
      retain(undefined, 101);
      expect(document.size(index)).toBe(0);
      document.rollback();
      expect(`${imageOf(document)} ${JSON.stringify(pointsOf(document, index, "a"))}`).toBe(image);
      expect(document.size(index)).toBe(10);
    });
  });

  describe("snapshots and compaction", () => {
    it("that lack what a mark took make others forget it too", () => {
      const [left, right] = [series(1), series(2)];
      left.record("a", TENS);
      left.record("a", [1, 2]);
      sync(left.document, right.document);
      left.retain("a", 100);
      left.record("a", [200]);
      left.document.compact(left.document.versionVector(), NOW_MS);
      right.document.merge(left.document.snapshot(), NOW_MS, false);
      expect(pointsOf(right.document, right.index, "a")).toEqual([[200, 200]]);
      expect(right.document.digest()).toBe(left.document.digest());
    });

    it("do not bring back what a mark here has taken", () => {
      const [left, right] = [series(1), series(2)];
      left.record("a", TENS);
      const snapshot = left.document.snapshot();
      right.retain("a", 100);
      right.document.merge(snapshot, NOW_MS, false);
      expect(labelsOf(right.document, right.index)).toEqual([]);
      syncAll([left.document, right.document]);
      expect(readEntries(left.document.entries(left.index, 0)).length).toBe(1);
    });
  });

  describe("changes", () => {
    it("name the label and the times", () => {
      const [left, right] = [series(1), series(2)];
      left.record("a", [30, 10]);
      left.retain("a", 5);
      left.retain(undefined, 4);
      left.record("b", [2 ** 40]);
      const { changes } = right.document.merge(left.document.localDelta(0), NOW_MS, true);
      const { index: container } = right;
      const present = true;
      expect(readChanges(changes)).toEqual([
        { container, present, key: `\u0001${latin1(timeBytes(10, 30))}a` },
        { container, present, key: `\u0002${latin1(timeBytes(5))}a` },
        { container, present, key: `\u0003${latin1(timeBytes(4))}` },
        { container, present, key: `\u0001${latin1(timeBytes(2 ** 40, 2 ** 40))}b` },
      ]);
      left.retain("a", 50);
      const taken = right.document.merge(left.document.snapshot(), NOW_MS, true);
      expect(readChanges(taken.changes)).toEqual([
        { container, present: false, key: `\u0001${latin1(timeBytes(10, 30))}a` },
        { container, present: false, key: `\u0002${latin1(timeBytes(5))}a` },
        { container, present, key: `\u0002${latin1(timeBytes(50))}a` },
      ]);
    });

    it("do not name what a mark takes along or keeps out", () => {
      const [left, right] = [series(1), series(2)];
      left.record("a", [10, 30]);
      right.retain(undefined, 31);
      expect(readChanges(right.document.merge(left.document.localDelta(0), NOW_MS, true).changes)).toEqual(
        [],
      );
      const { changes } = left.document.merge(right.document.localDelta(0), NOW_MS, true);
      expect(readChanges(changes).map(({ key }) => key.slice(0, 1))).toEqual(["\u0003"]);
    });
  });

  describe("reads", () => {
    it("give chunks and marks by key and by dot", () => {
      const { document, index, record, retain } = series();
      record("a", [1]);
      record("a", [2]);
      retain("a", 1);
      const key = (text: string) => new TextEncoder().encode(text);
      const sequences = (bytes: Uint8Array) => readEntries(bytes).map(({ sequence }) => sequence);
      expect(sequences(document.entriesOf(index, key("\u0001a")))).toEqual([1, 2]);
      expect(sequences(document.entriesOf(index, key("\u0002a")))).toEqual([3]);
      expect(sequences(document.entriesOf(index, key("\u0003")))).toEqual([]);
      expect(sequences(document.entryAt(index, replicaId(1), 2))).toEqual([2]);
      expect(
        ["\u0001a", "\u0001b", "\u0002a", "\u0003"].map((name) => document.has(index, key(name))),
      ).toEqual([true, false, true, false]);
      for (const bad of ["", "\u0000", "\u0004a", "\u0003a"]) {
        expect(codeOf(() => document.entriesOf(index, key(bad)))).toBe("invalid-argument");
        expect(codeOf(() => document.read(index, key(bad)))).toBe("invalid-argument");
      }
      expect(codeOf(() => document.read(index, key("\u0001a")))).toBe("invalid-argument");
    });
  });

  describe("refusals", () => {
    const bad: readonly (readonly [string, string, (batch: Batch) => Batch])[] = [
      ["no points", "invalid-argument", (batch) => batch.record(0, "a", [], [])],
      ["a value of NaN", "invalid-argument", (batch) => batch.record(0, "a", [1, 2], [1, Number.NaN])],
      ["a time of NaN", "invalid-argument", (batch) => batch.record(0, "a", [Number.NaN], [1])],
      ["a time between milliseconds", "invalid-argument", (batch) => batch.record(0, "a", [1, 2.5], [1, 1])],
      ["a time of 2^53", "invalid-argument", (batch) => batch.record(0, "a", [2 ** 53], [1])],
      [
        "an endless time",
        "invalid-argument",
        (batch) => batch.record(0, "a", [Number.NEGATIVE_INFINITY], [1]),
      ],
      ["a mark of NaN", "invalid-argument", (batch) => batch.retain(0, "a", Number.NaN)],
      ["a mark of 2^53", "invalid-argument", (batch) => batch.retain(0, undefined, -(2 ** 53))],
      ["an unknown kind of mark", "invalid-argument", (batch) => batch.operation(12, 0).raw(1).u32(0).f64(1)],
      ["a label for all", "invalid-argument", (batch) => batch.operation(12, 0).raw(3).u32(1).raw(97).f64(1)],
      [
        "a cut off record",
        "invalid-argument",
        (batch) => batch.operation(11, 0).u32(0).u32(2).f64(1).f64(1).f64(1),
      ],
      [
        "more points than bytes",
        "invalid-argument",
        (batch) => batch.operation(11, 0).u32(0).u32(0xffffffff).f64(1),
      ],
      ["a cut off mark", "invalid-argument", (batch) => batch.operation(12, 0).raw(2).u32(0)],
      ["a long label", "limit-exceeded", (batch) => batch.record(0, "a".repeat(KEY_BYTES_MAX), [1], [1])],
      ["a long label of a mark", "limit-exceeded", (batch) => batch.retain(0, "a".repeat(KEY_BYTES_MAX), 1)],
      ["a put", "invalid-argument", (batch) => batch.put(0, "\u0002a", timeBytes(1))],
      ["a clear", "invalid-argument", (batch) => batch.clear(0)],
    ];

    it.each(bad)("of %s: %s, and nothing is done", (_, code, build) => {
      const { document, record } = series();
      record("a", [1]);
      const image = imageOf(document);
      const { bytes } = build(new Batch().record(0, "b", [1], [1]));
      expect(codeOf(() => document.mutate(bytes, bytes.length, NOW_MS))).toBe(code);
      expect(imageOf(document)).toBe(image);
    });

    it("do not meet a label as long as allowed", () => {
      const { document, index, record } = series();
      const label = "a".repeat(KEY_BYTES_MAX - 1);
      record(label, [1]);
      expect(pointsOf(document, index, label)).toEqual([[1, 1]]);
    });

    it("of opcodes on other types", () => {
      const document = open();
      const index = document.container("log", "l");
      for (const { bytes } of [new Batch().record(index, "", [1], [1]), new Batch().retain(index, "", 1)])
        expect(codeOf(() => document.mutate(bytes, bytes.length, NOW_MS))).toBe("invalid-argument");
      expect(codeOf(() => ask(document, index, { kind: 1 }))).toBe("invalid-argument");
    });

    const { points, reduce, windows, sketch, labels, timeOfNewest } = SERIES_REQUESTS;
    const questions: readonly (readonly [string, string, Question])[] = [
      ["kind 0", "invalid-argument", { kind: 0 }],
      ["kind 7", "invalid-argument", { kind: 7 }],
      ["bytes that are not 0", "invalid-argument", { kind: labels, zero: 256 }],
      ["points of no label", "invalid-argument", { kind: points }],
      ["points of two labels", "invalid-argument", { kind: points, labels: ["a", "b"] }],
      ["a time of no label", "invalid-argument", { kind: timeOfNewest, limit: 1 }],
      ["the newest 0", "invalid-argument", { kind: timeOfNewest, labels: ["a"] }],
      ["labels of a label", "invalid-argument", { kind: labels, labels: ["a"] }],
      ["order 2", "invalid-argument", { kind: points, labels: ["a"], order: 2 }],
      ["from NaN", "invalid-argument", { kind: reduce, from: Number.NaN }],
      ["to NaN", "invalid-argument", { kind: sketch, to: Number.NaN }],
      ["a width of 0", "invalid-argument", { kind: windows, width: 0 }],
      ["a width of 1.5", "invalid-argument", { kind: windows, width: 1.5 }],
      ["an endless origin", "invalid-argument", { kind: windows, origin: Number.POSITIVE_INFINITY }],
      [
        "windows out of range",
        "invalid-argument",
        { kind: windows, origin: -(2 ** 53 - 1), width: 2 ** 53 - 1 },
      ],
      ["one label too few", "invalid-argument", { kind: reduce, labels: ["a"], labelCount: 2 }],
      ["one label too many", "invalid-argument", { kind: reduce, labels: ["a", ""], labelCount: 1 }],
      ["4 billion labels", "invalid-argument", { kind: reduce, labelCount: 0xffffffff }],
      ["a long label", "limit-exceeded", { kind: reduce, labels: ["a".repeat(KEY_BYTES_MAX)] }],
    ];

    it.each(questions)("of a question with %s: %s", (_, code, question) => {
      const { document, index, record } = series();
      record("a", [0, 1]);
      expect(codeOf(() => ask(document, index, question))).toBe(code);
    });

    it("of a question whose answer would be too long", () => {
      const { document, index, record } = series();
      record("a", [0, 1]);
      const rowBytes = Object.keys(WINDOW_FIELDS).length * Float64Array.BYTES_PER_ELEMENT;
      const labelCount = Math.ceil(SERIES_RESULT_BYTES_MAX / rowBytes);
      const head = requestBytes({ kind: reduce, labelCount });
      // Each label of the rest is empty: a length of 0.
      const request = new Uint8Array(head.length + labelCount * Uint32Array.BYTES_PER_ELEMENT);
      request.set(head);
      expect(codeOf(() => document.series(index, request))).toBe("limit-exceeded");
      expect(reduced(document, index, { labels: ["a"] })).toMatchObject([{ count: 2, sum: 1 }]);
    });

    it("of a request that is cut off", () => {
      const { document, index } = series();
      const request = requestBytes({ kind: points, labels: ["abc"] });
      for (let length = 0; length < request.length; length++)
        expect(codeOf(() => document.series(index, request.slice(0, length)))).toBe("invalid-argument");
      expect(hex(document.series(index, request))).toBe("0000000000000000");
    });

    it("of windows only where points are asked for", () => {
      const { document, index, record } = series();
      record("a", [5, 2 ** 53 - 1]);
      expect(codeOf(() => windowsOf(document, index, 0, 10))).toBe("invalid-argument");
      expect(windowsOf(document, index, 0, 10, { to: 2 ** 52 })[0]).toMatchObject([{ start: 0, count: 1 }]);
      expect(sketchOf(document, index).length).toBe(4);
    });
  });
});
