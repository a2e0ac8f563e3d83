// Removals whose targets are entries of another type here: they are left alone, whatever stands in their records. It
// takes two replicas that wrote under one id, which no honest pair does.
import { beforeAll, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.ts";
import { mutate, replicaId } from "./batch.ts";
import { NOW_MS, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";

const COUNT = 20;

describeEngines("targets of another container", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);

  it("are left alone: counters with the greatest sums, logs", () => {
    const here = open(1);
    const counters = Array.from({ length: COUNT }, (_, index) => here.container("counter", `c${index}`));
    const log = here.container("log", "l");
    mutate(here, NOW_MS, (batch) => {
      for (const counter of counters) batch.increment(counter, Number.MAX_SAFE_INTEGER);
      for (let index = 0; index < COUNT; index++) batch.push(log, "entry");
      return batch;
    });
    const there = open(1);
    const set = there.container("set", "s");
    mutate(there, NOW_MS, (batch) => {
      for (let index = 0; index < 2 * COUNT; index++) batch.add(set, `element ${index}`);
      return batch;
    });
    const vector = there.versionVector();
    there.setReplica(replicaId(2));
    mutate(there, NOW_MS, (batch) => {
      for (let index = 0; index < 2 * COUNT; index++) batch.remove(set, `element ${index}`);
      return batch;
    });

    here.merge(there.deltaSince(vector), NOW_MS, false);

    for (const counter of counters) {
      expect(here.counter(counter).plus).toBe(BigInt(Number.MAX_SAFE_INTEGER));
    }
    expect(here.size(log)).toBe(COUNT);
    expect(here.statistics()).toMatchObject({ entries: 2 * COUNT, removals: 2 * COUNT });
  });
});
