// The laws of merging, per data type and for documents that mix them: see history.ts for what happens and
// specification.ts for what must come out. A failing history prints its seed; LAW_SEED=<seed> LAW_RUNS=1 replays it.
import { beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.ts";
import { candidates, describeEngines } from "../conformance/engines.ts";
import { type Containers, History, tally } from "./history.ts";
import { Random } from "./random.ts";

const runs = Number(process.env.LAW_RUNS ?? 10_000);
const firstSeed = Number(process.env.LAW_SEED ?? 1);
const TIMEOUT_MS = 60_000 + runs * 100;

const subjects: Readonly<Record<string, Containers>> = {
  counter: { c: "counter" },
  register: { r: "register" },
  map: { m: "map" },
  set: { s: "set" },
  flag: { f: "flag" },
  log: { l: "log" },
  "multi-value": { v: "multi-value" },
  "multi-map": { v: "multi-map" },
  "maximum and minimum": { x: "maximum", "x#low": "minimum" },
  bounded: { b: "bounded" },
  graph: { g: "graph" },
  "workflow and vote": { w: "workflow", v: "vote" },
  list: { l: "list" },
  series: { t: "series" },
  "series beside a map": { t: "series", "t#map": "map", u: "series" },
  mixed: { c: "counter", r: "register", m: "map", "m#set": "set", f: "flag", l: "log", "m#log": "log" },
  "mixed further": {
    v: "multi-value",
    "v#map": "multi-map",
    x: "maximum",
    "x#low": "minimum",
    b: "bounded",
    g: "graph",
    "g#list": "list",
    w: "workflow",
    "w#vote": "vote",
    m: "map",
    "m#set": "set",
  },
};

/** Runs `count` histories of every subject on replicas of the given engines. */
function proveLaws(engines: () => readonly Engine[], count: number): void {
  for (const [subject, containers] of Object.entries(subjects)) {
    const title = `hold for ${subject}: ${count} histories from seed ${firstSeed}`;
    it(title, { timeout: TIMEOUT_MS }, () => {
      for (let seed = firstSeed; seed < firstSeed + count; seed++) {
        try {
          new History(new Random(seed), engines(), containers).run();
        } catch (error) {
          const replay = `LAW_SEED=${seed} LAW_RUNS=1`;
          throw new Error(`a history of ${subject} failed, ${error}; replay with ${replay}`, {
            cause: error,
          });
        }
      }
    });
  }
}

describe("laws, engines mixed in one group", () => {
  const engines: Engine[] = [];
  beforeAll(async () => {
    for (const candidate of candidates)
      if (candidate.missing === undefined) engines.push(await candidate.create());
  });
  proveLaws(() => engines, runs);

  it("were put to the test: what makes histories hard did happen", () => {
    if (runs < 1000) return;
    for (const [event, count] of Object.entries(tally)) {
      expect(count, `${event} is too seldom`).toBeGreaterThan(runs / 50);
    }
  });
});

describeEngines("laws", (create) => {
  const engines: Engine[] = [];
  beforeAll(async () => {
    engines.push(await create());
  });
  proveLaws(() => engines, Math.ceil(runs / 20));
});
