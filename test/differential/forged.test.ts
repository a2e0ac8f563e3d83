// Deltas and snapshots that keep every rule of the format but come from no honest replica: entries that skip
// supersession, removals of what never was, marks in any order, snapshots that forget. Both engines answer alike, down
// to the changes, and stay sound. FORGED_RUNS and FORGED_SEED choose how many and from where.
import { beforeAll, expect, it } from "vitest";
import {
  CONTAINER_TYPES,
  type ContainerTypeName,
  type Engine,
  type EngineDocument,
  SERIES_REQUESTS,
} from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import { Batch, hex, replicaId } from "../conformance/batch.ts";
import { describeEnginePairs } from "../conformance/engines.ts";
import { ask } from "../conformance/series-questions.ts";
import { block, container, forge, markKey, replica, text, u64, varint } from "../fuzz/forge.ts";
import { Random } from "../laws/random.ts";

const runs = Number(process.env.FORGED_RUNS ?? 300);
const firstSeed = Number(process.env.FORGED_SEED ?? 1);
const NOW_MS = 1_700_000_000_000;
const TYPES = Object.keys(CONTAINER_TYPES) as ContainerTypeName[];
/** Those that removal records may name. */
const REMOVABLE = (["set", "flag", "multi-value", "multi-map", "graph"] as const).map((type) =>
  TYPES.indexOf(type),
);
/** Two digits, so that names ascend as indexes do. */
const nameOf = (index: number): string => `${index + 1}`.padStart(2, "0");
const NUMBERS = [0, -0, 1, -1, 2.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const numberBytes = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);
/** 1 at 0 and 3 at 5; 7 at 4; 2 at 8. */
const CHUNKS = [
  [2, 0, 0, 5, 2, 0, 5, 0, 4],
  [1, 0, 8, 14],
  [1, 0, 16, 4],
];
const TIMESTAMPS = [5, 6, 7, NOW_MS * 1024, (NOW_MS + 90_000) * 1024, 2 ** 53 - 2];

interface ForgedEntry {
  readonly container: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly key: readonly number[];
  readonly payload: readonly number[];
}
interface ForgedRemoval {
  readonly container: number;
  readonly sequence: number;
  readonly targets: readonly (readonly [replica: number, sequence: number])[];
}
interface ForgedReplica {
  readonly id: number;
  readonly base: number;
  readonly to: number;
  readonly entries: readonly ForgedEntry[];
  readonly removals: readonly ForgedRemoval[];
}

/** Some numbers of (from, to], ascending. */
function pick(random: Random, from: number, to: number): number[] {
  const numbers: number[] = [];
  for (let number = from + 1; number <= to; number++) if (random.below(2) === 0) numbers.push(number);
  return numbers;
}

function forgeEntry(random: Random, sequence: number): ForgedEntry {
  const index = random.below(TYPES.length);
  const timestamp = TIMESTAMPS[random.below(TIMESTAMPS.length)]!;
  const short = text(["", "a", "b"][random.below(3)]!);
  const value = text(["", "1", "22", "a longer value than the others"][random.below(4)]!);
  const entry = { container: index, sequence, timestamp };
  switch (TYPES[index]!) {
    case "counter":
      return { ...entry, key: [], payload: [...varint(random.below(300)), ...varint(random.below(3))] };
    case "register":
      return { ...entry, key: [], payload: value };
    case "map":
      return { ...entry, key: short, payload: value };
    case "set":
      return { ...entry, key: short, payload: [] };
    case "flag":
      return { ...entry, key: [], payload: [] };
    case "multi-value":
      return { ...entry, key: [], payload: [...value, 1] };
    case "multi-map":
      return { ...entry, key: short, payload: [...value, 1] };
    case "maximum":
    case "minimum":
      return { ...entry, key: [], payload: [...numberBytes(NUMBERS[random.below(NUMBERS.length)]!)] };
    case "bounded": {
      const key = random.below(2) === 0 ? [] : u64(1 + random.below(3));
      return { ...entry, key, payload: [...varint(random.below(300)), ...varint(random.below(3))] };
    }
    case "graph": {
      const kind = 1 + random.below(3);
      return { ...entry, key: [kind, ...short], payload: kind === 3 ? value : [] };
    }
    case "series": {
      const kind = 1 + random.below(3);
      if (kind > 1)
        return {
          ...entry,
          key: kind === 3 ? [3] : [2, ...short],
          payload: [...numberBytes(random.below(9))],
        };
      return { ...entry, key: [1, ...short], payload: CHUNKS[random.below(CHUNKS.length)]! };
    }
    case "list":
      return { ...entry, key: [1 + random.below(3), ...short], payload: value };
    case "log":
    case "workflow":
    case "vote":
      if (random.below(3) > 0) return { ...entry, key: [], payload: [1] };
      return {
        ...entry,
        key: markKey(TIMESTAMPS[random.below(4)]!, random.below(4), random.below(6)),
        payload: [],
      };
  }
}

function forgeDelta(random: Random): Uint8Array {
  const isSnapshot = random.below(3) === 0;
  const bounds = [1, 2, 3]
    .filter(() => random.below(3) > 0)
    .map((id) => {
      const base = random.below(3) > 0 ? 0 : random.below(4);
      return { id, base, to: Math.max(1, base + random.below(9)) };
    });
  const targetsOf = (position: number, sequence: number) =>
    bounds.flatMap(({ to }, replicaIndex) =>
      pick(random, 0, replicaIndex === position ? Math.min(to, sequence - 1) : to)
        .slice(0, 3)
        .map((target) => [replicaIndex, target] as const),
    );
  const replicas: ForgedReplica[] = bounds.map(({ id, base, to }, position) => ({
    id,
    base,
    to,
    entries: pick(random, isSnapshot ? 0 : base, to).map((sequence) => forgeEntry(random, sequence)),
    removals: pick(random, base, to)
      .map((sequence) => ({
        container: REMOVABLE[random.below(REMOVABLE.length)]!,
        sequence,
        targets: targetsOf(position, sequence),
      }))
      .filter(({ targets }) => targets.length > 0 && random.below(2) === 0),
  }));
  return encode(random, replicas, isSnapshot);
}

const gapsOf = (sequences: readonly number[], base: number): number[] =>
  sequences.map((sequence, index) => sequence - (index === 0 ? base : sequences[index - 1]!) - 1);

function encode(random: Random, replicas: readonly ForgedReplica[], isSnapshot: boolean): Uint8Array {
  const entries = replicas.flatMap((row) => row.entries);
  const removals = replicas.flatMap((row) => row.removals);
  const named = [...new Set([...entries, ...removals].map((item) => item.container))].sort((a, b) => a - b);
  const places = new Map(named.map((index, place) => [index, place]));
  const baseTimestamp = entries.length === 0 ? 0 : Math.min(...entries.map((entry) => entry.timestamp));
  const column = (values: readonly (number | bigint)[]): number[] =>
    values.length === 0 ? [] : block(values);
  const steps = replicas.flatMap((row) =>
    row.entries.map(({ timestamp }, index) => {
      const previous = index === 0 ? baseTimestamp : row.entries[index - 1]!.timestamp;
      return (BigInt(timestamp) - BigInt(previous) + 2n ** 53n) % 2n ** 53n;
    }),
  );
  const isMany = replicas.length > 1;
  const counts = (list: readonly (readonly unknown[])[]): number[] =>
    isMany ? list.flatMap((items) => varint(items.length)) : [];
  const indices = (items: readonly { readonly container: number }[]): number[] =>
    named.length > 1 ? column(items.map((item) => places.get(item.container)!)) : [];
  return forge({
    flags: [isSnapshot ? 1 : 0],
    baseTimestamp: u64(baseTimestamp),
    replicas: [
      ...varint(replicas.length),
      ...replicas.flatMap(({ id, base, to }) => replica(id, base, to - base)),
    ],
    containers: [
      named.length,
      ...named.flatMap((index) => container(CONTAINER_TYPES[TYPES[index]!], nameOf(index))),
    ],
    entryCount: varint(entries.length),
    entryCounts: counts(replicas.map((row) => row.entries)),
    gaps: column(
      replicas.flatMap((row) =>
        gapsOf(
          row.entries.map(({ sequence }) => sequence),
          isSnapshot ? 0 : row.base,
        ),
      ),
    ),
    indices: indices(entries),
    timestamps: column(steps),
    keyLengths: column(entries.map(({ key }) => key.length)),
    payloadLengths: column(entries.map(({ payload }) => payload.length)),
    keys: entries.flatMap(({ key }) => key),
    payloads: entries.flatMap(({ payload }) => payload),
    removalCount: varint(removals.length),
    removalCounts: removals.length === 0 ? [] : counts(replicas.map((row) => row.removals)),
    removalGaps: column(
      replicas.flatMap((row) =>
        gapsOf(
          row.removals.map(({ sequence }) => sequence),
          row.base,
        ),
      ),
    ),
    removalIndices: indices(removals),
    targetCounts: column(removals.map(({ targets }) => targets.length)),
    targetReplicas: column(removals.flatMap(({ targets }) => targets.map(([position]) => position))),
    targetSequences: column(removals.flatMap(({ targets }) => targets.map(([, sequence]) => sequence))),
    compacted: isSnapshot ? varint(random.below(2) === 0 ? 0 : TIMESTAMPS[random.below(4)]!) : [],
  });
}

/** A local mutation among what was forged. */
function mutateLocally(random: Random, type: ContainerTypeName, index: number): Batch {
  const batch = new Batch();
  switch (type) {
    case "counter":
      return batch.increment(index, 3);
    case "register":
      return batch.put(index, "", "here");
    case "map":
      return batch.put(index, "a", "here").clear(index);
    case "set":
    case "flag":
      return batch.clear(index);
    case "log":
    case "workflow":
    case "vote":
      return batch.push(index, "here");
    case "multi-value":
      return random.below(2) === 0 ? batch.clear(index) : batch.put(index, "", "here");
    case "multi-map":
      return random.below(2) === 0 ? batch.clear(index) : batch.put(index, "a", "here");
    case "maximum":
    case "minimum":
      return batch.put(index, "", numberBytes(random.below(5) - 2));
    case "bounded":
      return batch.adjust(index, random.below(2) === 0 ? "" : Uint8Array.from(u64(2)), 1, 2);
    case "graph":
      return batch.put(index, "\u0003a", "here").remove(index, "\u0001a").add(index, "\u0002a");
    case "series":
      return batch
        .record(index, "a", [random.below(9), 4], [1, 2])
        .retain(index, random.below(2) === 0 ? "a" : undefined, random.below(9));
    case "list":
      return batch.insert(index, "\u0001a", "").delete(index, "\u0002a").put(index, "\u0003", "here");
  }
}

function answerOf(call: () => unknown): string {
  try {
    return JSON.stringify([call()], (_, value) =>
      value instanceof Uint8Array ? hex(value) : typeof value === "bigint" ? `${value}n` : value,
    );
  } catch (error) {
    if (!isCrdtError(error)) throw error;
    return `refused: ${error.code}`;
  }
}

describeEnginePairs("forged deltas", (create) => {
  let engines: readonly Engine[];
  beforeAll(async () => {
    engines = await create();
  });

  it(`${runs} scripts from seed ${firstSeed} give equal bytes`, { timeout: 60_000 + runs * 300 }, () => {
    let merged = 0;
    for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
      const random = new Random(seed);
      const documents = engines.map((engine) =>
        engine.createDocument({ replica: replicaId(2), hashSeed: [seed, 7], driftLimitMs: 60_000 }),
      ) as [EngineDocument, EngineDocument];
      const same = (what: string, call: (document: EngineDocument) => unknown): string => {
        const [expected, found] = documents.map((document) => answerOf(() => call(document)));
        expect(`${seed} ${what} ${found}`).toBe(`${seed} ${what} ${expected}`);
        return expected!;
      };
      const containers = TYPES.map(
        (type, place) => documents.map((document) => document.container(type, nameOf(place)))[0]!,
      );
      for (let step = 0; step < 12; step++) {
        const choice = random.below(8);
        if (choice < 5) {
          const bytes = forgeDelta(random);
          if (!same("merge", (document) => document.merge(bytes, NOW_MS, true)).startsWith("refused"))
            merged++;
        } else if (choice === 5) {
          same("compact", (document) => document.compact(document.versionVector(), NOW_MS));
        } else {
          const place = random.below(TYPES.length);
          const { bytes } = mutateLocally(random, TYPES[place]!, containers[place]!);
          same("mutate", (document) => document.mutate(bytes, bytes.length, NOW_MS + step));
        }
        same("snapshot", (document) => document.snapshot());
        same("digest", (document) => document.digest());
        same("state", (document) => [document.clock(), document.containers(), document.statistics()]);
        same("local", (document) => document.localDelta(0));
        for (const document of documents) document.checkInvariants();
      }
      same("series", (document) =>
        Object.values(SERIES_REQUESTS)
          .filter((kind) => kind !== SERIES_REQUESTS.points && kind !== SERIES_REQUESTS.timeOfNewest)
          .map((kind) => ask(document, containers[TYPES.indexOf("series")]!, { kind, width: 3 })),
      );
      for (const index of containers) same("entries", (document) => document.entries(index, 0));
      for (const document of documents) document.close();
    }
    expect(merged).toBeGreaterThan(runs * 3);
  });
});
