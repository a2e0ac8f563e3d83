// A log of 64 KiB with every byte flipped, one at a time, and cut at every length: what is read is what some replica
// held, what is missing is reported, and a peer brings all of it back. What reads a log (recovery.ts) is a pure function,
// so a case costs a millisecond or two. One case in DAMAGE_STRIDE is tried (61); 1 tries them all.
import { beforeAll, describe, expect, test } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { placeOfKey } from "../../host/store/record.ts";
import { type FoundRecord, type Recovery, recover } from "../../host/store/recovery.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { createSimulatedPlatform } from "../platform/simulated-platform.ts";
import { createPeer, openOn } from "./store-bench.ts";
import { type Causes, TallyDocument } from "./tally-document.ts";

const LOG_BYTES = 65_536;
const STRIDE = Number(process.env.DAMAGE_STRIDE ?? 61);
const TIMEOUT_MS = 1_200_000;

interface Log {
  readonly found: readonly FoundRecord[];
  /** The place the head record names after a clean close. */
  readonly place: number;
  readonly bytes: number;
  readonly causes: Causes;
  /** A replica that has everything. */
  readonly truth: TallyDocument;
}

/** Writes until the log has its 64 KiB: own records, a peer's and mixed ones; behind a snapshot, if asked for. */
async function write(isBehindSnapshot: boolean): Promise<Log> {
  const platform = createSimulatedPlatform();
  const causes: Causes = new Map();
  const { store, open } = await openOn(platform, undefined, { causes });
  const home = await open("home");
  const peers = [createPeer("00000000000000aa", causes), createPeer("ff000000000000aa", causes)];
  const disk = platform.disks.get("data")!;
  const records = () => disk.sortedKeys({ from: "record/", to: "record0" });
  const bytes = () => records().reduce((sum, key) => sum + disk.records.get(key)!.length, 0);
  let hasSnapshot = false;
  for (let round = 0; bytes() < LOG_BYTES - 512 || isBehindSnapshot !== hasSnapshot; round++) {
    if (round % 3 !== 1) home.write(round);
    if (round % 3 !== 2) peers[round % 2]!.send(home.core, round);
    for (let number = 0; number < (round * 37) % 60; number++) home.write(number);
    await store.durable(home.core);
    // What a snapshot replaced goes a moment after it was written.
    hasSnapshot = placeOfKey(records()[0]!) > 1;
  }
  await store.close();
  const found = records().map((key) => ({ key, value: disk.records.get(key)! }));
  const truth = new TallyDocument("00000000000000bb" as ReplicaId, causes);
  for (const [id, numbers] of home.document.numbers) truth.numbers.set(id, numbers);
  const { place } = recover(found, 0).end;
  return { found, place, bytes: bytes(), causes, truth };
}

/** The replica that opens what is left. Throws when something is there without what its writer had seen, or is not true. */
function open(recovery: Recovery, { causes, truth }: Log): TallyDocument {
  const document = new TallyDocument("00000000000000cc" as ReplicaId, new Map());
  for (const part of recovery.parts) document.merge(part);
  const vector = document.vector();
  for (const [id, sequence] of vector) {
    // A replica's later dots have seen what its earlier ones had.
    const cause = causes.get(`${id}/${sequence}`) ?? new VersionVector();
    if (!vector.covers(cause)) throw new Error(`${id}/${sequence} lacks its causes`);
  }
  expectTrue(document, truth);
  return document;
}

function expectTrue(document: TallyDocument, truth: TallyDocument): void {
  for (const [id, numbers] of document.numbers) {
    const expected = truth.numbers.get(id) ?? [];
    for (let index = 0; index < numbers.length; index++) {
      if (numbers[index] !== expected[index]) throw new Error(`${id}/${index + 1} is ${numbers[index]}`);
    }
  }
}

function expectRepaired(document: TallyDocument, { truth }: Log): void {
  document.merge(truth.deltaSince(document.vector()));
  expectTrue(document, truth);
  if (!document.vector().equals(truth.vector())) throw new Error("a peer did not bring it all back");
}

describe.each([
  ["deltas", false],
  ["a snapshot and deltas", true],
])("a log of 64 KiB: %s", (_what, isBehindSnapshot) => {
  let log: Log;
  beforeAll(async () => {
    log = await write(isBehindSnapshot);
  });

  /** The records with the one that holds byte `offset` of the log replaced, and those behind it if they stay. */
  function* damages(change: (value: Uint8Array, index: number) => Uint8Array, staysBehind: boolean) {
    let start = 0;
    for (const [number, { key, value }] of log.found.entries()) {
      const before = log.found.slice(0, number);
      const behind = staysBehind ? log.found.slice(number + 1) : [];
      for (let index = 0; index < value.length; index++) {
        if ((start + index) % STRIDE !== 0) continue;
        const spoilt = change(value, index);
        yield { found: [...before, { key, value: spoilt }, ...behind], number, index };
      }
      start += value.length;
    }
  }

  test("is whole as it was written", () => {
    expect(log.bytes).toBeGreaterThan(LOG_BYTES - 1_024);
    expect(log.found.length).toBeGreaterThan(8);
    const recovery = recover(log.found, log.place);
    expect(recovery.problem).toBeUndefined();
    expect(open(recovery, log).toJSON()).toEqual(log.truth.toJSON());
  });

  test(
    "each byte flipped: reported, nothing wrong, repaired by a peer",
    () => {
      let flips = 0;
      const flipped = (value: Uint8Array, index: number) => {
        const bytes = value.slice();
        bytes[index]! ^= 1 << (index % 8);
        return bytes;
      };
      for (const { found, number, index } of damages(flipped, true)) {
        const recovery = recover(found, log.place);
        const { problem } = recovery;
        if (problem?.kind !== "hole")
          throw new Error(`record ${number} byte ${index}: ${problem?.kind} reported`);
        const document = open(recovery, log);
        if (document.vector().covers(log.truth.vector()))
          throw new Error(`record ${number} byte ${index} cost nothing`);
        expectRepaired(document, log);
        flips++;
      }
      report(`${flips} bytes flipped`);
      expect(flips).toBeGreaterThanOrEqual(Math.floor(log.bytes / STRIDE));
    },
    TIMEOUT_MS,
  );

  test(
    "cut at each length: reported, a state that was, repaired by a peer; also after a crash",
    () => {
      let cuts = 0;
      const cut = (value: Uint8Array, index: number) => value.subarray(0, index);
      for (const { found, number, index } of damages(cut, false)) {
        // A database that lost the end may also have lost the cut record as a whole.
        const left = index === 0 ? found.slice(0, -1) : found;
        const recovery = recover(left, log.place);
        if (recovery.problem?.kind !== "hole")
          throw new Error(`record ${number} cut at ${index} is not reported`);
        expectRepaired(open(recovery, log), log);
        // After a crash the head record is that of the first write: a record that is not whole is still seen.
        const crashed = recover(left, log.found.length < log.place ? log.place - log.found.length + 1 : 1);
        if (index > 0 && crashed.problem === undefined) throw new Error(`record ${number} torn at ${index}`);
        expectRepaired(open(crashed, log), log);
        cuts++;
      }
      report(`${cuts} lengths cut`);
      expect(cuts).toBeGreaterThanOrEqual(Math.floor(log.bytes / STRIDE));
    },
    TIMEOUT_MS,
  );
});

function report(what: string): void {
  if (process.env.DAMAGE_STRIDE !== undefined) console.log(what);
}
