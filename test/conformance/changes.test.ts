// What a merge says it changed (`MergeResult.changes`).
import { beforeAll, expect, it } from "vitest";
import type { ContainerTypeName, Engine, EngineDocument } from "../../host/engine/engine.ts";
import { mutate, readChanges, readEntries, vectorBytes } from "./batch.ts";
import { NOW_MS, sync, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";

const TYPES: readonly ContainerTypeName[] = ["counter", "register", "map", "set", "flag", "log"];
const [C, R, M, S, F, L] = [0, 1, 2, 3, 4, 5] as const;

describeEngines("changes", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const openRaw = useDocuments(() => engine);
  const open = (replica: number): EngineDocument => {
    const document = openRaw(replica);
    for (const type of TYPES) document.container(type, type);
    return document;
  };
  /** The changes of a merge as `container key present`. */
  const changesOf = (document: EngineDocument, bytes: Uint8Array): string[] =>
    readChanges(document.merge(bytes, NOW_MS, true).changes).map(
      ({ container, key, present }) => `${TYPES[container]} ${key} ${present}`,
    );
  const idText = (id: number): string => String.fromCharCode(id, 0, 0, 0, 0, 0, 0, 0);

  it("lists what entered in table order, counters by replica, logs and flags without a key", () => {
    const [writer, reader] = [open(1), open(2)];
    mutate(writer, NOW_MS, (batch) =>
      batch
        .increment(C, 1)
        .put(R, "", "v")
        .put(M, "k", "v")
        .add(S, "e")
        .add(F, "")
        .push(L, "x")
        .put(M, "gone", "v")
        .delete(M, "gone"),
    );
    expect(changesOf(reader, writer.snapshot())).toEqual([
      `counter ${idText(1)} true`,
      "register  true",
      "map k true",
      "set e true",
      "flag  true",
      "log  true",
      "map gone false",
    ]);
    expect(changesOf(reader, writer.snapshot())).toEqual([]);
  });

  it("is not given when it was not asked for", () => {
    expect(open(1).merge(open(2).snapshot(), NOW_MS, false).changes).toBeUndefined();
  });

  it("lists removals first, and whether the element is still there", () => {
    const [left, right] = [open(1), open(2)];
    mutate(left, NOW_MS, (batch) => batch.add(S, "both").add(S, "one").add(F, ""));
    sync(left, right);
    mutate(right, NOW_MS, (batch) => batch.add(S, "new").remove(S, "one").remove(S, "both").clear(F));
    mutate(left, NOW_MS, (batch) => batch.add(S, "both"));
    expect(changesOf(left, right.deltaSince(left.versionVector()))).toEqual([
      "set one false",
      "flag  false",
      "set new true",
    ]);
    expect(changesOf(right, left.deltaSince(right.versionVector()))).toEqual(["set both true"]);
  });

  it("an element that loses one of two entries is listed, still present", () => {
    const [first, second, reader] = [open(1), open(2), open(3)];
    for (const document of [first, second]) mutate(document, NOW_MS, (batch) => batch.add(S, "e"));
    reader.merge(first.snapshot(), NOW_MS, false);
    reader.merge(second.snapshot(), NOW_MS, false);
    mutate(first, NOW_MS, (batch) => batch.remove(S, "e"));
    expect(changesOf(reader, first.localDelta(1))).toEqual(["set e true"]);
  });

  it("says nothing of writes that lose and of log entries below the mark", () => {
    const [winner, loser] = [open(1), open(2)];
    mutate(loser, NOW_MS, (batch) => batch.put(M, "k", "early").put(R, "", "early").push(L, "early"));
    mutate(winner, NOW_MS + 5, (batch) => batch.put(M, "k", "late").put(R, "", "late").push(L, "late"));
    mutate(winner, NOW_MS + 5, (batch) =>
      batch.truncate(L, { timestamp: (NOW_MS + 1) * 1024, replica: 0n, sequence: 0 }),
    );
    expect(changesOf(winner, loser.snapshot())).toEqual([]);
    expect(winner.size(L)).toBe(1);
  });

  it("lists a truncation once, as an absence, and not what it takes along", () => {
    const [writer, reader] = [open(1), open(2)];
    mutate(writer, NOW_MS, (batch) => batch.push(L, "1").push(L, "2"));
    sync(writer, reader);
    const [, last] = readEntries(writer.entries(L, 0));
    mutate(writer, NOW_MS, (batch) => batch.truncate(L, { ...last!, replica: 1n }));
    mutate(reader, NOW_MS, (batch) => batch.truncate(L, { ...last!, replica: 1n, sequence: 1 }));
    const lost = reader.localDelta(0);
    expect(changesOf(reader, writer.deltaSince(reader.versionVector()))).toEqual(["log  false"]);
    expect(changesOf(writer, lost)).toEqual([]);
  });

  it("a snapshot's drops come first, in canonical order", () => {
    const [writer, reader] = [open(2), open(1)];
    mutate(writer, NOW_MS, (batch) =>
      batch.put(M, "a", "1").add(S, "e").increment(C, 1).push(L, "x").put(M, "b", "1").delete(M, "b"),
    );
    sync(writer, reader);
    mutate(writer, NOW_MS, (batch) => batch.remove(S, "e").put(M, "a", "2").increment(C, 1));
    const [entry] = readEntries(writer.entries(L, 0));
    mutate(writer, NOW_MS, (batch) => batch.truncate(L, { ...entry!, replica: 2n }));
    writer.compact(vectorBytes([[2, writer.sequence()]]), NOW_MS + 1);
    expect(changesOf(reader, writer.snapshot())).toEqual([
      "map a false",
      "set e false",
      `counter ${idText(2)} false`,
      "log  false",
      "map b false",
      "map a true",
      `counter ${idText(2)} true`,
      "log  false",
    ]);
    expect(reader.digest()).toBe(writer.digest());
  });
});
