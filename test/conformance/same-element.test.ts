// One element added by many replicas at once: its entries leave one by one, in any order, by whoever saw them, and come
// back when a transaction is rolled back.
import { beforeAll, expect, it } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { Random } from "../laws/random.ts";
import { mutate } from "./batch.ts";
import { imageOf, NOW_MS, sync, syncAll, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";

const REPLICAS = 6;
const element = Uint8Array.from([0x78]);

describeEngines("one element, many adds", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  const add = (document: EngineDocument): void => {
    const set = document.container("set", "s");
    mutate(document, NOW_MS, (batch) => batch.add(set, element).add(set, `of ${document.replica}`));
  };

  it("leaves in any order", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const writers = Array.from({ length: REPLICAS }, (_, index) => open(index + 1));
      for (const writer of writers) add(writer);
      const all = open(99);
      for (const writer of random.below(2) === 0 ? writers : [...writers].reverse()) sync(writer, all);
      const set = all.container("set", "s");
      expect(all.containers()[set]!.entries).toBe(2 * REPLICAS);
      // Each remover saw some of the adds and takes those away.
      for (let round = 0; round < REPLICAS; round++) {
        const remover = open(200 + round);
        const writer = writers[random.below(REPLICAS)]!;
        remover.merge(writer.deltaSince(remover.versionVector()), NOW_MS, false);
        const removed = remover.container("set", "s");
        mutate(remover, NOW_MS, (batch) => batch.remove(removed, element));
        all.merge(remover.deltaSince(all.versionVector()), NOW_MS, false);
        all.checkInvariants();
      }
      syncAll([...writers, all]);
      const left = all.containers()[set]!.entries - REPLICAS;
      expect(all.has(set, element)).toBe(left > 0);
    }
  });

  it("comes back whole when a transaction is rolled back", () => {
    const writers = Array.from({ length: REPLICAS }, (_, index) => open(index + 1));
    for (const writer of writers) add(writer);
    const all = open(99);
    for (const writer of writers) sync(writer, all);
    const set = all.container("set", "s");
    const before = imageOf(all);
    for (const kind of ["add", "remove", "clear"] as const) {
      all.begin();
      mutate(all, NOW_MS, (batch) => (kind === "clear" ? batch.clear(set) : batch[kind](set, element)));
      mutate(all, NOW_MS, (batch) => batch.add(set, element).remove(set, element).add(set, "another"));
      all.rollback();
      all.checkInvariants();
      expect(imageOf(all)).toBe(before);
    }
    mutate(all, NOW_MS, (batch) => batch.clear(set));
    for (const writer of writers) sync(writer, all);
    expect(all.size(set)).toBe(0);
    expect(writers.map((writer) => writer.digest())).toEqual(writers.map(() => all.digest()));
  });
});
