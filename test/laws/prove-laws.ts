// Proves the laws of merging for documents of given containers: see history.ts for what happens and specification.ts for
// what must come out. The subjects stand in three files, so that they run beside each other. A failing history prints its seed; LAW_SEED=<seed> LAW_RUNS=1 replays it.
import { beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.ts";
import { candidates, describeEngines } from "../conformance/engines.ts";
import { type Containers, History, tally } from "./history.ts";
import { Random } from "./random.ts";

const runs = Number(process.env.LAW_RUNS ?? 10_000);
const firstSeed = Number(process.env.LAW_SEED ?? 1);
const TIMEOUT_MS = 60_000 + runs * 100;

export type Subjects = Readonly<Record<string, Containers>>;

/** Runs `count` histories of every subject on replicas of the given engines. */
function proveFor(subjects: Subjects, engines: () => readonly Engine[], count: number): void {
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

/** Declares the suites: every subject on engines mixed in one group, and fewer histories on each engine alone. */
export function proveLaws(subjects: Subjects): void {
  describe("laws, engines mixed in one group", () => {
    const engines: Engine[] = [];
    beforeAll(async () => {
      for (const candidate of candidates)
        if (candidate.missing === undefined) engines.push(await candidate.create());
    });
    proveFor(subjects, () => engines, runs);

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
    proveFor(subjects, () => engines, Math.ceil(runs / 20));
  });
}
