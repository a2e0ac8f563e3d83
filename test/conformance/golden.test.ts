// The golden bytes of each format version: what they hold, by the plain decoder; that both engines merge them to the
// digest they had; and that an engine which holds the state writes the same bytes again.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { hex, replicaId } from "./batch.ts";
import { describeEngines } from "./engines.ts";
import { decodePlainly, type PlainContainer } from "./plain-decoder.ts";

type FixtureDot = readonly [string, number];

interface Fixture {
  readonly name: string;
  readonly about: string;
  /** The fixture a receiver must have merged before; empty when none. */
  readonly after: string;
  readonly digest: string;
  readonly flags: number;
  readonly baseTimestamp: number;
  readonly compacted: number;
  readonly replicas: readonly (readonly [string, number, number])[];
  readonly entryCount: number;
  /** The first 40; payloads up to 32 bytes. */
  readonly entries: readonly {
    readonly dot: FixtureDot;
    readonly container: readonly [number, string];
    readonly timestamp: number;
    readonly key: string;
    readonly payload: string;
  }[];
  readonly removals: readonly {
    readonly dot: FixtureDot;
    readonly container: readonly [number, string];
    readonly targets: readonly FixtureDot[];
  }[];
}

const NOW_MS = 1_700_000_000_000;
const folder = join(import.meta.dirname, "../fixtures/wire-format-1");
const fixtures: readonly Fixture[] = JSON.parse(readFileSync(join(folder, "fixtures.json"), "utf8"));
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, `${name}.bin`)));

it.each(fixtures)("$name is what the page says: $about", (fixture) => {
  const delta = decodePlainly(bytesOf(fixture.name));
  const nameOf = ({ type, name }: PlainContainer): [number, string] => [type, name];
  const { flags, baseTimestamp, compacted } = delta;
  expect({ flags, baseTimestamp, compacted }).toEqual({
    flags: fixture.flags,
    baseTimestamp: fixture.baseTimestamp,
    compacted: fixture.compacted,
  });
  expect(delta.replicas.map(({ id, base, to }) => [replicaId(id), base, to])).toEqual(fixture.replicas);
  expect(delta.entries.length).toBe(fixture.entryCount);
  const entries = delta.entries
    .slice(0, 40)
    .map(({ replica, sequence, container, timestamp, key, payload }) => ({
      dot: [replicaId(replica), sequence],
      container: nameOf(container),
      timestamp,
      key: hex(key),
      payload: hex(payload.subarray(0, 32)),
    }));
  expect(entries).toEqual(fixture.entries);
  const removals = delta.removals.map(({ replica, sequence, container, targets }) => ({
    dot: [replicaId(replica), sequence],
    container: nameOf(container),
    targets: targets.map((target) => [replicaId(target.replica), target.sequence]),
  }));
  expect(removals).toEqual(fixture.removals);
});

describeEngines("golden bytes", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = (replica: string): EngineDocument =>
    engine.createDocument({
      replica: replicaId(BigInt(`0x${replica}`)),
      hashSeed: [1, 2],
      driftLimitMs: 60_000,
    });

  it.each(fixtures)(
    "$name merges to its digest and is written again the same",
    ({ name, after, flags, digest, replicas }) => {
      const bytes = bytesOf(name);
      const document = open(flags === 2 && replicas.length > 0 ? replicas[0]![0] : "0000000000000abc");
      if (after !== "") document.merge(bytesOf(after), NOW_MS, false);
      const vector = document.versionVector();
      document.merge(bytes, NOW_MS, false);
      expect(document.digest()).toBe(digest);
      document.checkInvariants();
      const again =
        flags === 1
          ? document.snapshot()
          : flags === 2
            ? document.localDelta(0)
            : document.deltaSince(vector);
      expect(hex(again)).toBe(hex(bytes));
      document.close();
    },
  );
});
