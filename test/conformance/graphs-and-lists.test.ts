// What graphs, lists, workflows and votes promise, as far as the engine decides it; and what merges say of them.
import { beforeAll, describe, expect, it } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { block, container, forge, replica, varint } from "../fuzz/forge.ts";
import { mutate, readChanges, readEntries, vectorBytes } from "./batch.ts";
import { NOW_MS, sync, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";
import { decodePlainly } from "./plain-decoder.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const number = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);
const idText = (id: number): string => String.fromCharCode(id, 0, 0, 0, 0, 0, 0, 0);
const TYPES = [
  "graph",
  "list",
  "workflow",
  "vote",
  "multi-value",
  "multi-map",
  "maximum",
  "minimum",
  "bounded",
] as const;
const [G, L, W, V, MV, MM, HIGH, LOW, B] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;

describeEngines("graphs and lists", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const openRaw = useDocuments(() => engine);
  const open = (replicaNumber: number): EngineDocument => {
    const document = openRaw(replicaNumber);
    for (const type of TYPES) document.container(type, type);
    return document;
  };
  const shown = (document: EngineDocument, index: number): string[] =>
    readEntries(document.entries(index, 0)).map(
      ({ key, payload }) => `${key.charCodeAt(0)}${key.slice(1)}=${payload}`,
    );
  /** The changes of a merge as `container key present`, control characters as numbers. */
  const changesOf = (document: EngineDocument, bytes: Uint8Array): string[] =>
    readChanges(document.merge(bytes, NOW_MS, true).changes).map(
      ({ container: index, key, present }) => `${TYPES[index]} ${key} ${present}`,
    );

  describe("graphs", () => {
    it("vertices and edges are elements, attributes are won by the later write", () => {
      const [left, right] = [open(1), open(2)];
      mutate(left, NOW_MS, (batch) => batch.add(G, "\u0001a").add(G, "\u0001b").add(G, "\u0002ab"));
      mutate(left, NOW_MS, (batch) => batch.put(G, "\u0003a", "early"));
      sync(left, right);
      mutate(left, NOW_MS, (batch) => batch.remove(G, "\u0001a").put(G, "\u0003a", "left"));
      mutate(right, NOW_MS + 5, (batch) =>
        batch.add(G, "\u0001a").put(G, "\u0003a", "right").remove(G, "\u0002ab"),
      );
      sync(left, right);
      for (const document of [left, right]) {
        expect(shown(document, G)).toEqual(["1b=", "1a=", "3a=right"]);
        expect(document.size(G)).toBe(3);
        expect(document.has(G, bytesOf("\u0002ab"))).toBe(false);
        expect(document.read(G, bytesOf("\u0003a"))).toEqual(bytesOf("right"));
      }
    });

    it("one text is three keys: vertex, edge, attribute", () => {
      const document = open(1);
      mutate(document, NOW_MS, (batch) => batch.add(G, "\u0001a").add(G, "\u0002a").put(G, "\u0003a", "v"));
      expect(document.size(G)).toBe(3);
      mutate(document, NOW_MS, (batch) => batch.remove(G, "\u0001a").delete(G, "\u0003a"));
      expect(shown(document, G)).toEqual(["2a="]);
      expect([document.size(G), document.statistics().deletedMarks]).toEqual([1, 1]);
    });

    it("an attribute's deleted-mark is compacted, and a later write wins over it everywhere", () => {
      const [left, right] = [open(1), open(2)];
      mutate(left, NOW_MS, (batch) => batch.put(G, "\u0003a", "v").delete(G, "\u0003a"));
      sync(left, right);
      expect(left.compact(left.versionVector(), NOW_MS + 1)).toEqual({
        removalsDropped: 0,
        deletedMarksDropped: 1,
      });
      mutate(left, NOW_MS - 1000, (batch) => batch.put(G, "\u0003a", "again"));
      sync(left, right);
      expect([shown(left, G), shown(right, G)]).toEqual([["3a=again"], ["3a=again"]]);
      expect(left.digest()).toBe(right.digest());
    });

    it("a removal record that names an attribute leaves it alone", () => {
      const writer = open(1);
      mutate(writer, NOW_MS, (batch) => batch.put(G, "\u0003a", "v").add(G, "\u0001a"));
      const forged = forge({
        replicas: [2, ...replica(1, 0, 2), ...replica(2, 0, 1)],
        containers: [1, ...container(13, "graph")],
        entryCount: [0],
        entryCounts: [0, 0],
        baseTimestamp: [0, 0, 0, 0, 0, 0, 0, 0],
        gaps: [],
        indices: [],
        timestamps: [],
        keyLengths: [],
        payloadLengths: [],
        keys: [],
        payloads: [],
        removalCount: varint(1),
        removalCounts: [0, 1],
        removalGaps: block([0]),
        removalIndices: [],
        targetCounts: block([2]),
        targetReplicas: block([0, 0]),
        targetSequences: block([1, 2]),
      });
      expect(changesOf(writer, forged)).toEqual(["graph \u0001a false"]);
      expect(shown(writer, G)).toEqual(["3a=v"]);
    });
  });

  describe("lists", () => {
    it("positions stay, one beside the other under one key, with and without a payload", () => {
      const [left, right] = [open(1), open(2)];
      mutate(left, NOW_MS, (batch) => batch.insert(L, "\u0001", "a").insert(L, "\u0001", ""));
      mutate(right, NOW_MS, (batch) => batch.insert(L, "\u0001", "b").insert(L, "\u0001x", ""));
      sync(left, right);
      expect(shown(left, L)).toEqual(["1=a", "1=", "1=b", "1x="]);
      expect(readEntries(left.entriesOf(L, bytesOf("\u0001"))).map(({ payload }) => payload)).toEqual([
        "a",
        "",
        "b",
      ]);
      expect([left.size(L), left.has(L, bytesOf("\u0001x")), left.has(L, bytesOf("\u0001y"))]).toEqual([
        4,
        true,
        false,
      ]);
      expect(left.statistics()).toMatchObject({ entries: 4, deletedMarks: 0 });
      left.compact(left.versionVector(), NOW_MS + 1);
      expect(shown(left, L)).toEqual(shown(right, L));
    });

    it("a deleted-mark is written where there was nothing, once, and stays for ever", () => {
      const document = open(1);
      expect(mutate(document, NOW_MS, (batch) => batch.delete(L, "\u0002a").delete(L, "\u0002a"))).toBe(1);
      mutate(document, NOW_MS, (batch) => batch.put(L, "\u0003a", "v").delete(L, "\u0003a"));
      expect(document.statistics()).toMatchObject({ entries: 2, deletedMarks: 0 });
      const { digest, shownBefore } = { digest: document.digest(), shownBefore: shown(document, L) };
      expect(shownBefore).toEqual(["2a=", "3a="]);
      expect(document.compact(document.versionVector(), NOW_MS + 99)).toEqual({
        removalsDropped: 0,
        deletedMarksDropped: 0,
      });
      expect([document.digest(), shown(document, L)]).toEqual([digest, shownBefore]);
      expect([
        document.size(L),
        document.has(L, bytesOf("\u0002a")),
        document.read(L, bytesOf("\u0002a")),
      ]).toEqual([0, false, undefined]);
      expect(readEntries(document.entriesOf(L, bytesOf("\u0002a")))).toHaveLength(1);
      expect(readEntries(document.entryAt(L, document.replica, 1))).toHaveLength(1);
      expect(decodePlainly(document.snapshot()).compacted).toBe(0);
      const newcomer = open(9);
      newcomer.merge(document.deltaSince(newcomer.versionVector()), NOW_MS, false);
      expect([newcomer.digest(), shown(newcomer, L)]).toEqual([digest, shownBefore]);
    });

    it("a list's deleted-mark is part of the digest: there is no other difference to see", () => {
      const [deleting, writing] = [open(1), open(1)];
      mutate(deleting, NOW_MS, (batch) => batch.put(L, "\u0002a", "v").delete(L, "\u0002a"));
      mutate(writing, NOW_MS, (batch) => batch.put(G, "\u0003a", "v").delete(G, "\u0003a"));
      expect(deleting.digest()).not.toBe(writing.digest());
    });

    it("a value written later than a delete is back", () => {
      const [left, right] = [open(1), open(2)];
      mutate(left, NOW_MS, (batch) => batch.put(L, "\u0002a", "1"));
      sync(left, right);
      mutate(left, NOW_MS, (batch) => batch.delete(L, "\u0002a"));
      mutate(right, NOW_MS + 5, (batch) => batch.put(L, "\u0002a", "2"));
      sync(left, right);
      for (const document of [left, right])
        expect(document.read(L, bytesOf("\u0002a"))).toEqual(bytesOf("2"));
    });
  });

  it("workflows and votes are logs of their own", () => {
    const [left, right] = [open(1), open(2)];
    mutate(left, NOW_MS, (batch) => batch.push(W, "w1").push(V, "v1"));
    mutate(right, NOW_MS + 1, (batch) => batch.push(W, "w2").push(V, "v2"));
    sync(left, right);
    const [first] = readEntries(left.entries(V, 0));
    mutate(left, NOW_MS, (batch) => batch.truncate(V, { ...first!, replica: 1n }));
    sync(left, right);
    for (const document of [left, right]) {
      expect(readEntries(document.entries(W, 0)).map(({ payload }) => payload)).toEqual(["w1", "w2"]);
      expect(readEntries(document.entries(V, 0)).map(({ payload }) => payload)).toEqual(["v2"]);
      expect([document.size(W), document.size(V)]).toEqual([2, 1]);
      expect(readEntries(document.entries(W, 1)).map(({ payload }) => payload)).toEqual(["w2"]);
    }
  });

  describe("changes", () => {
    it("name what entered: kinds with their key, positions by their dot, bounded by replica and key", () => {
      const [writer, reader] = [open(1), open(2)];
      mutate(writer, NOW_MS, (batch) =>
        batch
          .add(G, "\u0001a")
          .put(G, "\u0003a", "v")
          .insert(L, "\u0001 whatever", "v")
          .put(L, "\u0002k", "v")
          .delete(L, "\u0003k")
          .push(W, "x")
          .push(V, "x")
          .put(MV, "", "v")
          .put(MM, "k", "v")
          .put(HIGH, "", number(1))
          .put(LOW, "", number(1))
          .adjust(B, "", 1, 0)
          .adjust(B, Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0), 1, 0)
          .put(G, "\u0003gone", "v")
          .delete(G, "\u0003gone"),
      );
      expect(changesOf(reader, writer.snapshot())).toEqual([
        "graph \u0001a true",
        "graph \u0003a true",
        `list \u0001${idText(1)}\u0003\0\0\0 true`,
        "list \u0002k true",
        "list \u0003k false",
        "workflow  true",
        "vote  true",
        "multi-value  true",
        "multi-map k true",
        "maximum  true",
        "minimum  true",
        `bounded ${idText(1)} true`,
        `bounded ${idText(1)}${idText(7)} true`,
        "graph \u0003gone false",
      ]);
      expect(changesOf(reader, writer.snapshot())).toEqual([]);
    });

    it("list what a write replaced, then the write; and nothing of numbers that lose", () => {
      const [left, right] = [open(1), open(2)];
      mutate(left, NOW_MS, (batch) => batch.put(MM, "k", "1").put(MM, "l", "1").put(HIGH, "", number(3)));
      sync(left, right);
      mutate(left, NOW_MS, (batch) => batch.put(MM, "k", "2").delete(MM, "l"));
      mutate(right, NOW_MS, (batch) => batch.put(MM, "l", "2").put(HIGH, "", number(4)));
      mutate(left, NOW_MS, (batch) => batch.put(HIGH, "", number(5)));
      const back = right.deltaSince(left.versionVector());
      expect(changesOf(right, left.deltaSince(right.versionVector()))).toEqual([
        "multi-map k false",
        "multi-map k true",
        "maximum  true",
      ]);
      expect(changesOf(left, back)).toEqual(["multi-map l true"]);
    });

    it("of a snapshot begin with what it drops", () => {
      const [writer, reader] = [open(2), open(1)];
      mutate(writer, NOW_MS, (batch) =>
        batch
          .add(G, "\u0001a")
          .put(MV, "", "1")
          .put(HIGH, "", number(1))
          .adjust(B, "", 1, 0)
          .put(L, "\u0002k", "1"),
      );
      sync(writer, reader);
      mutate(writer, NOW_MS, (batch) =>
        batch
          .remove(G, "\u0001a")
          .put(MV, "", "2")
          .put(HIGH, "", number(2))
          .adjust(B, "", 1, 0)
          .delete(L, "\u0002k"),
      );
      writer.compact(vectorBytes([[2, writer.sequence()]]), NOW_MS + 1);
      expect(changesOf(reader, writer.snapshot())).toEqual([
        "graph \u0001a false",
        "multi-value  false",
        "maximum  false",
        `bounded ${idText(2)} false`,
        "list \u0002k false",
        "multi-value  true",
        "maximum  true",
        `bounded ${idText(2)} true`,
        "list \u0002k false",
      ]);
      expect(reader.digest()).toBe(writer.digest());
    });
  });
});
