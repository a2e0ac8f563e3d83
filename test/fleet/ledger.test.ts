// The double-entry rules: the counters are at every replica and moment the sum of the postings, and corrections bring
// them to what the files come to, whoever read what twice, in whatever order it arrives.

import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { amountsOf, correct, difference, ledgerOf, NOTHING, post, sum } from "../../host/fleet/ledger.ts";
import { type Amounts, type FileRecord, Fleet, type FleetDocument } from "../../host/fleet/schema.ts";
import { createReplica, type Replica } from "../../host/index.ts";

const replicas: Replica[] = [];

afterEach(async () => {
  for (const replica of replicas.splice(0)) await replica.close();
});

async function open(): Promise<FleetDocument> {
  const replica = await createReplica({ engine: "baseline" });
  replicas.push(replica);
  return replica.open("fleet", Fleet);
}

function sync(from: FleetDocument, to: FleetDocument): void {
  to.merge(from.deltaSince(to.versionVector()));
}

function recordOf(version: number): FileRecord {
  const digest = String(version).padStart(16, "0");
  return { bytes: 100 * version, words: 10 * version, passages: version, digest, reader: "reader" };
}

/** What an agent does once it has read a file. */
function read(fleet: FleetDocument, path: string, record: FileRecord): void {
  fleet.transact(() => {
    post(fleet, "read", path, "reader", difference(amountsOf(record), amountsOf(fleet.files.get(path))));
    fleet.files.set(path, record);
  });
}

function countersOf(fleet: FleetDocument): Amounts {
  return {
    files: fleet.filesRead.value,
    bytes: fleet.bytesRead.value,
    words: fleet.wordsRead.value,
    passages: fleet.passagesRead.value,
  };
}

function postedOf(fleet: FleetDocument): Amounts {
  const events = fleet.history.entries().map((entry) => entry.value);
  return [...ledgerOf(events).values()].reduce(sum, NOTHING);
}

function filesOf(fleet: FleetDocument): Amounts {
  return [...fleet.files.values()].map((record) => amountsOf(record)).reduce(sum, NOTHING);
}

describe("the ledger", () => {
  test("a file read by two agents at once is counted twice, then put right once", async () => {
    const [left, right, coordinator] = [await open(), await open(), await open()];
    read(left, "a", recordOf(3));
    read(right, "a", recordOf(3));
    sync(left, coordinator);
    sync(right, coordinator);
    expect(countersOf(coordinator)).toEqual({ files: 2, bytes: 600, words: 60, passages: 6 });
    expect(correct(coordinator, "coordinator")).toBe(1);
    expect(correct(coordinator, "coordinator")).toBe(0);
    expect(countersOf(coordinator)).toEqual(amountsOf(recordOf(3)));
    sync(coordinator, left);
    expect(countersOf(left)).toEqual(amountsOf(recordOf(3)));
  });

  test("a file read again after it changed replaces what it came to", async () => {
    const fleet = await open();
    read(fleet, "a", recordOf(3));
    read(fleet, "a", recordOf(5));
    expect(countersOf(fleet)).toEqual(amountsOf(recordOf(5)));
    expect(correct(fleet, "coordinator")).toBe(0);
  });

  test("two coordinators that correct the same error at once are corrected themselves", async () => {
    const [agent, other, first, second] = [await open(), await open(), await open(), await open()];
    read(agent, "a", recordOf(2));
    read(other, "a", recordOf(2));
    for (const coordinator of [first, second]) {
      sync(agent, coordinator);
      sync(other, coordinator);
      expect(correct(coordinator, "coordinator")).toBe(1);
    }
    sync(first, second);
    expect(countersOf(second).files).toBe(0);
    expect(correct(second, "coordinator")).toBe(1);
    expect(countersOf(second)).toEqual(amountsOf(recordOf(2)));
  });

  const step = fc.oneof(
    fc.record({
      kind: fc.constant("read" as const),
      who: fc.nat(2),
      path: fc.nat(3),
      version: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ kind: fc.constant("sync" as const), who: fc.nat(3), to: fc.nat(3) }),
    fc.record({ kind: fc.constant("correct" as const) }),
  );

  test("any history of reads, partial syncs and corrections ends in the sum of the files", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const documents = [await open(), await open(), await open(), await open()];
        const coordinator = documents[3]!;
        for (const action of steps) {
          if (action.kind === "read")
            read(documents[action.who]!, `p${action.path}`, recordOf(action.version));
          else if (action.kind === "correct") correct(coordinator, "coordinator");
          else if (action.who !== action.to) sync(documents[action.who]!, documents[action.to]!);
          for (const document of documents) expect(countersOf(document)).toEqual(postedOf(document));
        }
        for (const document of documents) if (document !== coordinator) sync(document, coordinator);
        correct(coordinator, "coordinator");
        expect(countersOf(coordinator)).toEqual(filesOf(coordinator));
        for (const replica of replicas.splice(0)) await replica.close();
      }),
      { numRuns: 200 },
    );
  });
});
