// The laws of merging, per data type and for documents that mix them: see history.ts for what happens and
// specification.ts for what must come out. A failing history prints its seed; LAW_SEED=<seed> LAW_RUNS=1 replays it.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.ts";
import { describeEngines } from "../conformance/engines.ts";
import { type Containers, History, tally } from "./history.ts";
import { Random } from "./random.ts";

const runs = Number(process.env.LAW_RUNS ?? 10_000);
const firstSeed = Number(process.env.LAW_SEED ?? 1);
/** Histories between two looks at the clock of the test runner. */
const TIMEOUT_MS = 300_000;

const subjects: Readonly<Record<string, Containers>> = {
  counter: { c: "counter" },
  register: { r: "register" },
  map: { m: "map" },
  set: { s: "set" },
  flag: { f: "flag" },
  log: { l: "log" },
  mixed: { c: "counter", r: "register", m: "map", "m#set": "set", f: "flag", l: "log", "m#log": "log" },
};

describeEngines("laws", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });

  for (const [subject, containers] of Object.entries(subjects)) {
    it(`hold for ${subject}: ${runs} histories from seed ${firstSeed}`, { timeout: TIMEOUT_MS }, () => {
      for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
        try {
          new History(new Random(seed), () => engine, containers).run();
        } catch (error) {
          throw new Error(`history of ${subject} failed; replay with LAW_SEED=${seed} LAW_RUNS=1`, {
            cause: error,
          });
        }
      }
    });
  }

  afterAll(() => {
    if (runs < 1000) return;
    for (const [event, count] of Object.entries(tally))
      expect(count, `${event} never happened`).toBeGreaterThan(0);
  });
});
