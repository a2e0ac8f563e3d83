// What multi-value, multi-map, maximum, minimum and bounded promise, as far as the engine decides it.
import { beforeAll, describe, expect, it } from "vitest";
import type { ContainerTypeName, Engine, EngineDocument, ReplicaId } from "../../host/engine/engine.ts";
import { type Bytes, mutate, readEntries, replicaId, vectorBytes } from "./batch.ts";
import { codeOf, imageOf, NOW_MS, sync, syncAll, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";
import { decodePlainly } from "./plain-decoder.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const number = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);
const NONE = new Uint8Array(0);

describeEngines("values and extremes", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  const openWith = (type: ContainerTypeName, replica: number): EngineDocument => {
    const document = open(replica);
    document.container(type, "x");
    return document;
  };
  const put = (document: EngineDocument, key: Bytes, value: Bytes, nowMs = NOW_MS): number =>
    mutate(document, nowMs, (batch) => batch.put(0, key, value));

  describe("multi-value and multi-map", () => {
    const valuesOf = (document: EngineDocument, key: Uint8Array = NONE): string[] =>
      readEntries(document.entriesOf(0, key)).map(({ payload }) => payload);

    it("keep what was written at the same time, until a write saw it", () => {
      const [left, right] = [openWith("multi-value", 1), openWith("multi-value", 2)];
      put(left, "", "by left");
      put(right, "", "by right");
      sync(left, right);
      for (const document of [left, right]) {
        expect(valuesOf(document)).toEqual(["by left", "by right"]);
        expect([document.size(0), document.has(0, NONE)]).toEqual([2, true]);
      }
      put(left, "", "by both");
      expect(left.statistics()).toMatchObject({ entries: 1, removals: 1 });
      sync(left, right);
      expect([valuesOf(left), valuesOf(right)]).toEqual([["by both"], ["by both"]]);
    });

    it("a delete takes what it saw, and leaves what it did not", () => {
      const [left, right] = [openWith("multi-map", 1), openWith("multi-map", 2)];
      put(left, "k", "old");
      put(left, "other", "stays");
      sync(left, right);
      expect(mutate(left, NOW_MS, (batch) => batch.delete(0, "k").delete(0, "k").delete(0, "absent"))).toBe(
        1,
      );
      put(right, "k", "new");
      sync(left, right);
      for (const document of [left, right]) {
        expect(valuesOf(document, bytesOf("k"))).toEqual(["new"]);
        expect(document.size(0)).toBe(2);
      }
      expect(mutate(left, NOW_MS, (batch) => batch.clear(0).clear(0))).toBe(1);
      expect(left.statistics()).toMatchObject({ entries: 0, deletedMarks: 0 });
      sync(left, right);
      expect([left.size(0), right.size(0), right.has(0, bytesOf("k"))]).toEqual([0, 0, false]);
    });

    it("a write removes what it saw by a record of its own dot, or writes none", () => {
      const document = openWith("multi-map", 1);
      put(document, "k", "1");
      put(document, "k", "2");
      const { entries, removals } = decodePlainly(document.localDelta(0));
      expect(entries.map(({ sequence }) => sequence)).toEqual([2]);
      expect(removals.map(({ sequence, targets }) => [sequence, targets])).toEqual([
        [2, [{ replica: 1n, sequence: 1 }]],
      ]);
    });

    it("a write is later than what it replaces, also where that came from a fast clock", () => {
      const aheadMs = NOW_MS + 90_000;
      const timestampAfter = (writer: number, replacer: number, nowMs: number): number => {
        const [fast, slow] = [openWith("multi-value", writer), openWith("multi-value", replacer)];
        put(fast, "", "fast", aheadMs);
        sync(fast, slow);
        put(slow, "", "slow", nowMs);
        expect(valuesOf(slow)).toEqual(["slow"]);
        return readEntries(slow.entriesOf(0, NONE))[0]!.timestamp;
      };
      expect(timestampAfter(1, 2, NOW_MS)).toBe(aheadMs * 1024 + 1);
      expect(timestampAfter(1, 2, aheadMs)).toBe(aheadMs * 1024);
      expect(timestampAfter(2, 1, aheadMs)).toBe(aheadMs * 1024 + 1);
      expect(timestampAfter(2, 1, aheadMs + 1)).toBe((aheadMs + 1) * 1024);
    });

    it("a write that replaces several is later than the greatest of them alone", () => {
      const documents = [5, 1, 3].map((id) => openWith("multi-value", id));
      documents.forEach((document, index) => {
        put(document, "", `${index}`, NOW_MS + 70_000 + (index % 2));
      });
      const reader = openWith("multi-value", 2);
      for (const document of documents) reader.merge(document.snapshot(), NOW_MS, false);
      put(reader, "", "all", NOW_MS + 70_000);
      expect(readEntries(reader.entriesOf(0, NONE))).toMatchObject([
        { payload: "all", timestamp: (NOW_MS + 70_001) * 1024 + 1 },
      ]);
    });

    it("removal records go with compaction, and nothing comes back", () => {
      const document = openWith("multi-map", 1);
      put(document, "k", "1");
      const old = document.snapshot();
      put(document, "k", "2");
      mutate(document, NOW_MS, (batch) => batch.put(0, "l", "1").delete(0, "l"));
      const digest = document.digest();
      expect(document.compact(vectorBytes([[1, 4]]), NOW_MS)).toEqual({
        removalsDropped: 2,
        deletedMarksDropped: 0,
      });
      document.merge(old, NOW_MS, false);
      expect(document.digest()).toBe(digest);
      expect(valuesOf(document, bytesOf("k"))).toEqual(["2"]);
    });

    it("a map's empty key is a key", () => {
      const document = openWith("multi-map", 1);
      put(document, "", "v");
      expect([document.size(0), document.has(0, NONE), valuesOf(document)]).toEqual([1, true, ["v"]]);
    });
  });

  describe("maximum and minimum", () => {
    const numberOf = (document: EngineDocument): number | undefined => {
      const payload = document.read(0, NONE);
      return payload === undefined
        ? undefined
        : new DataView(payload.buffer, payload.byteOffset).getFloat64(0, true);
    };

    it.each([
      ["maximum", 1],
      ["minimum", -1],
    ] as const)(
      "a %s takes what lies beyond, in the order of numbers with −0 below +0",
      (type, direction) => {
        const ascending = [
          Number.NEGATIVE_INFINITY,
          -Number.MAX_VALUE,
          -2,
          -1,
          -Number.MIN_VALUE,
          -0,
          0,
          Number.MIN_VALUE,
          1,
          2 ** 53,
          Number.POSITIVE_INFINITY,
        ];
        const document = openWith(type, 1);
        expect([document.size(0), document.has(0, NONE), numberOf(document)]).toEqual([0, false, undefined]);
        const order = direction === 1 ? ascending : ascending.reverse();
        for (const [step, value] of order.entries()) {
          expect(put(document, "", number(value)), `${value}`).toBe(1);
          expect(put(document, "", number(value))).toBe(0);
          for (const worse of order.slice(0, step))
            expect(put(document, "", number(worse)), `${worse}`).toBe(0);
          expect(Object.is(numberOf(document), value), `${value}`).toBe(true);
          expect(document.sequence()).toBe(step + 1);
        }
        expect(document.containers()[0]).toMatchObject({ size: 1, entries: 1 });
      },
    );

    it("merge to the furthest, and of equal ones to the last, by replica id where that is equal too", () => {
      const documents = [3, 1, 2].map((id) => openWith("maximum", id));
      put(documents[0]!, "", number(5));
      put(documents[1]!, "", number(7), NOW_MS + 1);
      put(documents[2]!, "", number(7), NOW_MS + 1);
      const last = openWith("maximum", 9);
      put(last, "", number(7));
      syncAll([...documents, last]);
      for (const document of documents) {
        expect(readEntries(document.entries(0, 0))).toMatchObject([{ replica: replicaId(2), sequence: 1 }]);
      }
    });

    it("a lower put takes no dot but the clock, a read under a key finds nothing", () => {
      const document = openWith("maximum", 1);
      put(document, "", number(7));
      const { snapshot, clock } = { snapshot: document.snapshot(), clock: document.clock() };
      put(document, "", number(6));
      expect(document.snapshot()).toEqual(snapshot);
      expect(document.clock()).toBe(clock + 1);
      expect([document.read(0, bytesOf("k")), document.has(0, bytesOf("k"))]).toEqual([undefined, false]);
      expect(readEntries(document.entriesOf(0, bytesOf("k")))).toEqual([]);
    });
  });

  describe("bounded", () => {
    const LEFT = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const adjust = (document: EngineDocument, key: Bytes, plus: number, minus: number): number =>
      mutate(document, NOW_MS, (batch) => batch.adjust(0, key, plus, minus));
    const sumsOf = (document: EngineDocument, key: Uint8Array): [string, string][] =>
      readEntries(document.entriesOf(0, key)).map(({ replica, payload }) => [
        replica.slice(-1),
        [...payload].map((character) => character.charCodeAt(0)).join(),
      ]);

    it("sums up per replica and key", () => {
      const [left, right] = [openWith("bounded", 1), openWith("bounded", 2)];
      adjust(left, "", 10, 0);
      adjust(left, "", 1, 2);
      adjust(right, LEFT, 5, 0);
      adjust(right, "", 0, 3);
      sync(left, right);
      for (const document of [left, right]) {
        expect(sumsOf(document, NONE)).toEqual([
          ["1", "11,2"],
          ["2", "0,3"],
        ]);
        expect(sumsOf(document, LEFT)).toEqual([["2", "5,0"]]);
        expect(sumsOf(document, bytesOf("x"))).toEqual([]);
        expect([document.size(0), document.statistics().entries]).toEqual([3, 3]);
      }
      expect(adjust(left, "", 0, 0)).toBe(0);
      expect(adjust(left, "", -0, -0)).toBe(0);
      expect(left.sequence()).toBe(2);
      expect(adjust(left, LEFT, 0, 1)).toBe(1);
      expect(sumsOf(left, LEFT)).toEqual([
        ["1", "0,1"],
        ["2", "5,0"],
      ]);
    });

    it("refuses to leave 2^53 − 1, each sum for itself, and keeps what it had", () => {
      const document = openWith("bounded", 1);
      adjust(document, "", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      const image = imageOf(document);
      expect(codeOf(() => adjust(document, "", 1, 0))).toBe("counter-range");
      expect(codeOf(() => adjust(document, "", 0, 1))).toBe("counter-range");
      expect(codeOf(() => adjust(document, LEFT, 2 ** 53, 0))).toBe("counter-range");
      expect(codeOf(() => adjust(document, LEFT, 0, 1e300))).toBe("counter-range");
      expect(imageOf(document)).toBe(image);
      expect(adjust(document, LEFT, 1, 0)).toBe(1);
    });
  });

  it("a dot finds its entry, and nothing else", () => {
    const document = open(1);
    const [map, log, values] = [
      document.container("map", "m"),
      document.container("log", "l"),
      document.container("multi-map", "v"),
    ];
    mutate(document, NOW_MS, (batch) =>
      batch
        .put(map, "a", "1")
        .delete(map, "a")
        .push(log, "x")
        .truncate(log, { timestamp: 1, replica: 1n, sequence: 1 })
        .put(values, "k", "v"),
    );
    const at = (container: number, sequence: number, replica: ReplicaId = replicaId(1)): string[] =>
      readEntries(document.entryAt(container, replica, sequence)).map(
        ({ key, payload }) => `${key}=${payload}`,
      );
    expect([at(map, 1), at(map, 2), at(log, 3), at(log, 4), at(values, 5)]).toEqual([
      [],
      [],
      ["=x"],
      [],
      ["k=v"],
    ]);
    expect([at(map, 5), at(values, 6), at(values, 5, replicaId(2))]).toEqual([[], [], []]);
    const view = new DataView(document.entryAt(values, replicaId(1), 5).buffer);
    expect(document.entryAt(map, replicaId(1), 9)).toEqual(new Uint8Array(16));
    expect(view.getUint32(4, true)).toBe(1);
  });
});
