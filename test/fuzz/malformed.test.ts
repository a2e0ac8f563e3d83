// Every rule of docs/wire-format.md broken once by hand, behind a true checksum: the code it must give, on every
// engine, and nothing changed. The unspoilt delta and snapshot are merged, so each case fails for its one reason.
import { beforeAll, expect, it } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { type ErrorCode, isCrdtError } from "../../host/errors.ts";
import { hex, mutate, replicaId } from "../conformance/batch.ts";
import { describeEngines } from "../conformance/engines.ts";
import {
  block,
  container,
  forge,
  markKey,
  replica,
  type Sections,
  snapshotOf,
  text,
  u64,
  valid,
  varint,
  withChecksum,
} from "./forge.ts";

const NOW_MS = 1000;
const none: Partial<Sections> = {
  gaps: [],
  indices: [],
  timestamps: [],
  keyLengths: [],
  payloadLengths: [],
  keys: [],
  payloads: [],
};
const noEntries: Partial<Sections> = { ...none, entryCount: [0], entryCounts: [0, 0], baseTimestamp: u64(0) };
const noRemovals: Partial<Sections> = {
  removalCount: [0],
  removalCounts: [],
  removalGaps: [],
  removalIndices: [],
  targetCounts: [],
  targetReplicas: [],
  targetSequences: [],
};
const nothing: Partial<Sections> = {
  ...noEntries,
  ...noRemovals,
  replicas: [0],
  containers: [0],
  entryCounts: [],
};
/** One replica, one container, one entry. */
const single = (type: number, key: readonly number[], payload: readonly number[]): Partial<Sections> => ({
  ...noRemovals,
  replicas: [1, ...replica(1, 0, 1)],
  containers: [1, ...container(type, "x")],
  entryCount: [1],
  entryCounts: [],
  gaps: block([0]),
  indices: [],
  timestamps: block([0]),
  keyLengths: block([key.length]),
  payloadLengths: block([payload.length]),
  keys: key,
  payloads: payload,
});
/** One record in a set by replica 1 at 5 with the given targets, each (replica position, sequence). */
const removing = (...targets: readonly (readonly [number, number])[]): Partial<Sections> => ({
  ...noEntries,
  containers: [1, ...container(4, "s")],
  removalCounts: [1, 0],
  removalGaps: block([4]),
  removalIndices: [],
  targetCounts: block([targets.length]),
  targetReplicas: targets.length === 0 ? [] : block(targets.map(([position]) => position)),
  targetSequences: targets.length === 0 ? [] : block(targets.map(([, sequence]) => sequence)),
});
const f64 = (value: number): number[] => [...new Uint8Array(Float64Array.of(value).buffer)];
/** Two points: 1 at time 0 and 3 at time 5. */
const CHUNK = [2, 0, 0, 5, 2, 0, 5, 0, 4];
const tables = (count: number, row: (index: number) => readonly number[]): number[] => [
  ...varint(count),
  ...Array.from({ length: count }, (_, index) => row(index)).flat(),
];

const accepted: readonly (readonly [string, Partial<Sections>])[] = [
  ["the delta", {}],
  ["the snapshot", { ...snapshotOf, gaps: block([0, 0, 0, 0, 0, 0, 0, 1]) }],
  ["the stream delta", { flags: [2] }],
  ["nothing at all", nothing],
  ["an empty snapshot", { ...nothing, ...snapshotOf }],
  ["a single entry", single(3, text("k"), [1])],
  ["an empty map key", single(3, [], [1])],
  ["a deleted-mark", single(3, text("k"), [])],
  ["an empty set element", single(4, [], [])],
  ["sums of 2^53 − 1", single(1, [], [...varint(2 ** 53 - 1), ...varint(2 ** 53 - 1)])],
  ["a mark at 2^53 − 1", single(6, markKey(2n ** 53n - 1n, 2n ** 64n - 1n, 0xffffffff), [])],
  [
    "a timestamp that wraps around 2^53",
    { timestamps: block([5, 2 ** 53 - 5, 0, 0, 0, 0, 0, 0]), baseTimestamp: u64(1) },
  ],
  ["targets of both replicas", removing([0, 1], [0, 4], [1, 1], [1, 2])],
  ...[5, 7, 8, 13].map((type): readonly [string, Partial<Sections>] => [
    `a removal record in a container of type ${type}`,
    { ...removing([0, 1]), containers: [1, ...container(type, "s")] },
  ]),
  ["a multi-value of one byte", single(7, [], [1])],
  ["a multi-map's empty key", single(8, [], [1])],
  ["a maximum of −0", single(9, [], f64(-0))],
  ["a minimum of −∞", single(10, [], f64(Number.NEGATIVE_INFINITY))],
  ["a bounded without a key", single(11, [], [0, 0])],
  ["a bounded key of the greatest id", single(11, u64(2n ** 64n - 1n), [...varint(2 ** 53 - 1), 0])],
  ["a bounded key whose last byte counts", single(11, [0, 0, 0, 0, 0, 0, 0, 1], [1, 1])],
  ["a vertex of nothing but its kind", single(13, [1], [])],
  ["an edge", single(13, [2, 7], [])],
  ["a graph attribute", single(13, [3, 7], [1])],
  ["a graph attribute's deleted-mark", single(13, [3], [])],
  ["a workflow entry", single(14, [], [1])],
  ["a vote's truncation mark", single(15, markKey(1, 1, 1), [])],
  ["a list position without a payload", single(16, [1], [])],
  ["a list position with one", single(16, [1, 9, 9], [1])],
  ["a list value", single(16, [2, 9], [1])],
  ["a list place's deleted-mark", single(16, [3, 9], [])],
  ["a chunk", single(12, [1, 97], CHUNK)],
  ["a chunk without a label", single(12, [1], CHUNK)],
  ["a mark", single(12, [2, 97], f64(-7))],
  ["a mark without a label", single(12, [2], f64(0))],
  ["the mark of all at 2^53 − 1", single(12, [3], f64(2 ** 53 - 1))],
  ["the greatest sequence", { replicas: [2, ...replica(1, 0, 7), ...replica(2, 0, 0xfffffffe)] }],
  ["the greatest id", { replicas: [2, ...replica(1, 0, 7), ...replica(2n ** 64n - 1n, 0, 2)] }],
];

const refused: readonly (readonly [string, Partial<Sections>, ErrorCode])[] = [
  ["another magic", { magic: [0x4a, 0x44] }, "malformed-delta"],
  ["format version 0", { version: [0] }, "unsupported-version"],
  ["format version 2", { version: [2] }, "unsupported-version"],
  ["both flags", { flags: [3] }, "malformed-delta"],
  ["an unknown flag", { flags: [4] }, "malformed-delta"],
  ["a base timestamp of 2^53", { baseTimestamp: u64(2n ** 53n) }, "malformed-delta"],
  [
    "a base timestamp below the smallest",
    { baseTimestamp: u64(999), timestamps: block([1, 1, 1, 1, 1, 1, 1, 3]) },
    "malformed-delta",
  ],
  [
    "a base timestamp above the smallest",
    { timestamps: block([2 ** 53 - 1, 1, 1, 1, 1, 1, 1, 3]) },
    "malformed-delta",
  ],
  ["a base timestamp without entries", { ...nothing, baseTimestamp: u64(1) }, "malformed-delta"],
  // replica table
  [
    "a replica count in too many bytes",
    { replicas: [0x82, 0, ...valid.replicas.slice(1)] },
    "malformed-delta",
  ],
  [
    "a varint of nine bytes",
    { replicas: [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1] },
    "malformed-delta",
  ],
  ["a varint of 2^53", { ...nothing, replicas: [1, ...u64(1), 0, ...varint(2 ** 53)] }, "malformed-delta"],
  ["a replica table cut off", { replicas: [3, ...valid.replicas.slice(1)] }, "malformed-delta"],
  ["replica id 0", { replicas: [2, ...replica(0, 0, 7), ...replica(2, 0, 2)] }, "malformed-delta"],
  ["a replica twice", { replicas: [2, ...replica(1, 0, 7), ...replica(1, 0, 2)] }, "malformed-delta"],
  [
    "replicas that descend",
    { replicas: [2, ...replica(2n ** 63n, 0, 7), ...replica(2, 0, 2)] },
    "malformed-delta",
  ],
  [
    "a replica without a mutation",
    { replicas: [3, ...valid.replicas.slice(1), ...replica(3, 0, 0)] },
    "malformed-delta",
  ],
  [
    "a sequence of 2^32 − 1",
    { replicas: [2, ...replica(1, 0, 7), ...replica(2, 0, 0xffffffff)] },
    "malformed-delta",
  ],
  [
    "base and advance beyond the greatest",
    { replicas: [2, ...replica(1, 0, 7), ...replica(2, 0xfffffffe, 1)] },
    "malformed-delta",
  ],
  ["65,536 replicas", { replicas: varint(65536) }, "limit-exceeded"],
  // container table
  ["type 0", { containers: [1, ...container(0, "c")] }, "unsupported-type"],
  ["type 18", { containers: [1, ...container(18, "c")] }, "unsupported-type"],
  ["type 17", { containers: [1, ...container(17, "c")] }, "unsupported-type"],
  ["type 255", { containers: [1, ...container(255, "c")] }, "unsupported-type"],
  ["a container without a name", { containers: [1, ...container(1, "")] }, "malformed-delta"],
  ["a name cut off", { containers: [1, 1, 255] }, "malformed-delta"],
  [
    "a name that is no UTF-8",
    { ...single(3, [], [1]), containers: [1, ...container(3, [0xc3, 0x28])] },
    "malformed-delta",
  ],
  [
    "a name with a surrogate",
    { ...single(3, [], [1]), containers: [1, ...container(3, [0xed, 0xa0, 0x80])] },
    "malformed-delta",
  ],
  [
    "a name with an overlong form",
    { ...single(3, [], [1]), containers: [1, ...container(3, [0xc0, 0xaf])] },
    "malformed-delta",
  ],
  [
    "a name beyond U+10FFFF",
    { ...single(3, [], [1]), containers: [1, ...container(3, [0xf4, 0x90, 0x80, 0x80])] },
    "malformed-delta",
  ],
  [
    "a name that ends inside a character",
    { ...single(3, [], [1]), containers: [1, ...container(3, [0x61, 0xe2, 0x82])] },
    "malformed-delta",
  ],
  ["a container twice", { containers: [2, ...container(3, "m"), ...container(3, "m")] }, "malformed-delta"],
  [
    "types of one name that descend",
    { containers: [2, ...container(4, "m"), ...container(3, "m")] },
    "malformed-delta",
  ],
  ["names that descend", { containers: [2, ...container(3, "n"), ...container(3, "m")] }, "malformed-delta"],
  [
    "a prefix after its longer name",
    { containers: [2, ...container(3, "mm"), ...container(3, "m")] },
    "malformed-delta",
  ],
  ["1,025 containers", { containers: varint(1025) }, "limit-exceeded"],
  [
    "a container that nothing names",
    {
      ...single(3, [], [1]),
      containers: [2, ...container(3, "x"), ...container(3, "y")],
      indices: block([0]),
    },
    "malformed-delta",
  ],
  ["a container without entries at all", { ...noEntries, ...noRemovals }, "malformed-delta"],
  // entries
  ["more entries than bytes", { entryCount: varint(100_000) }, "malformed-delta"],
  ["entries without a replica", { ...single(3, [], [1]), replicas: [0] }, "malformed-delta"],
  ["entries without a container", { ...single(3, [], [1]), containers: [0] }, "malformed-delta"],
  ["entries that sum to less", { entryCounts: [6, 1] }, "malformed-delta"],
  ["entries that sum to more", { entryCounts: [7, 2] }, "malformed-delta"],
  ["a sequence above its replica's", { gaps: block([0, 0, 0, 0, 0, 0, 0, 2]) }, "malformed-delta"],
  ["a sequence gap of 2^32", { gaps: block([0, 0, 0, 0, 0, 0, 0, 2n ** 32n]) }, "malformed-delta"],
  ["a width of 3", { gaps: [3, ...valid.gaps.slice(1)] }, "malformed-delta"],
  ["a width of 16", { gaps: [16, ...valid.gaps.slice(1)] }, "malformed-delta"],
  [
    "a column that ends the bytes",
    {
      gaps: [8],
      indices: [],
      timestamps: [],
      keyLengths: [],
      payloadLengths: [],
      keys: [],
      payloads: [],
      ...noRemovals,
      removalCount: [],
    },
    "malformed-delta",
  ],
  ["zeros in width 1", { gaps: block([0, 0, 0, 0, 0, 0, 0, 0], 1) }, "malformed-delta"],
  ["small values in width 2", { indices: block([0, 1, 2, 2, 3, 4, 5, 5], 2) }, "malformed-delta"],
  ["small values in width 4", { keyLengths: block([0, 0, 0, 20, 1, 0, 2, 2], 4) }, "malformed-delta"],
  ["small values in width 8", { gaps: block([0, 0, 0, 0, 0, 0, 0, 1], 8) }, "malformed-delta"],
  ["small timestamps in width 2", { timestamps: block([0, 1, 1, 1, 1, 1, 1, 3], 2) }, "malformed-delta"],
  ["small timestamps in width 4", { timestamps: block([0, 1, 1, 1, 1, 1, 1, 3], 4) }, "malformed-delta"],
  ["small timestamps in width 8", { timestamps: block([0, 1, 1, 1, 1, 1, 1, 3], 8) }, "malformed-delta"],
  ["zero timestamps in width 1", { ...single(3, [], [1]), timestamps: block([0], 1) }, "malformed-delta"],
  ["a container index too many", { indices: block([0, 1, 2, 2, 3, 4, 5, 6]) }, "malformed-delta"],
  ["a timestamp step of 2^53", { timestamps: block([2n ** 53n, 1, 1, 1, 1, 1, 1, 3]) }, "malformed-delta"],
  ["a key of 65,536 bytes", { keyLengths: block([0, 0, 0, 20, 65536, 0, 2, 2]) }, "limit-exceeded"],
  ["a key of 2^40 bytes", { keyLengths: block([0, 0, 0, 20, 2n ** 40n, 0, 2, 2]) }, "limit-exceeded"],
  ["keys beyond the end", { keyLengths: block([0, 0, 0, 20, 60000, 0, 2, 2]) }, "malformed-delta"],
  [
    "a payload of 16 MiB and one byte",
    { payloadLengths: block([2, 0, 1, 0, 16777217, 3, 0, 0]) },
    "limit-exceeded",
  ],
  ["payloads beyond the end", { payloadLengths: block([2, 0, 1, 0, 60000, 3, 0, 0]) }, "malformed-delta"],
  [
    "keys and payloads beyond the end",
    {
      ...single(3, [], []),
      keyLengths: block([6]),
      payloadLengths: block([6]),
      keys: [1, 2, 3, 4, 5],
      payloads: [1, 2],
    },
    "malformed-delta",
  ],
  ["a counter entry with a key", single(1, text("k"), [1, 1]), "malformed-delta"],
  ["a counter entry without sums", single(1, [], []), "malformed-delta"],
  ["a counter entry with one sum", single(1, [], [5]), "malformed-delta"],
  ["a counter entry with three sums", single(1, [], [5, 5, 5]), "malformed-delta"],
  ["a counter sum in too many bytes", single(1, [], [0x85, 0, 1]), "malformed-delta"],
  ["a second counter sum in too many bytes", single(1, [], [5, 0x81, 0]), "malformed-delta"],
  ["a counter sum of 2^53", single(1, [], [...varint(2 ** 53), 0]), "malformed-delta"],
  ["a counter sum cut off", single(1, [], [5, 0x85]), "malformed-delta"],
  ["a register entry with a key", single(2, text("k"), [1]), "malformed-delta"],
  ["a flag entry with a key", single(5, text("k"), []), "malformed-delta"],
  ["a flag entry with a payload", single(5, [], [1]), "malformed-delta"],
  ["a set entry with a payload", single(4, text("k"), [1]), "malformed-delta"],
  ["a log entry without a payload", single(6, [], []), "malformed-delta"],
  ["a log entry with a short key", single(6, text("k"), []), "malformed-delta"],
  ["a truncation mark with a payload", single(6, markKey(1, 1, 1), [1]), "malformed-delta"],
  ["a truncation mark at 2^53", single(6, markKey(2n ** 53n, 1, 1), []), "malformed-delta"],
  ["a truncation mark at 2^60", single(6, markKey(2n ** 60n, 1, 1), []), "malformed-delta"],
  ["a multi-value entry with a key", single(7, text("k"), [1]), "malformed-delta"],
  ["a multi-value entry without a payload", single(7, [], []), "malformed-delta"],
  ["a multi-map entry without a payload", single(8, text("k"), []), "malformed-delta"],
  ["a maximum with a key", single(9, text("k"), f64(1)), "malformed-delta"],
  ["a maximum without a payload", single(9, [], []), "malformed-delta"],
  ["a maximum of 7 bytes", single(9, [], f64(1).slice(1)), "malformed-delta"],
  ["a minimum of 9 bytes", single(10, [], [...f64(1), 0]), "malformed-delta"],
  ["a maximum of NaN", single(9, [], f64(Number.NaN)), "malformed-delta"],
  ["a maximum of a negative NaN", single(9, [], [0, 0, 0, 0, 0, 0, 0xf8, 0xff]), "malformed-delta"],
  ["a minimum of a signalling NaN", single(10, [], [1, 0, 0, 0, 0, 0, 0xf0, 0x7f]), "malformed-delta"],
  ["a bounded key of 7 bytes", single(11, u64(5).slice(1), [1, 1]), "malformed-delta"],
  ["a bounded key of 9 bytes", single(11, [...u64(5), 0], [1, 1]), "malformed-delta"],
  ["a bounded key of replica 0", single(11, u64(0), [1, 1]), "malformed-delta"],
  ["a bounded entry without sums", single(11, [], []), "malformed-delta"],
  ["a bounded entry with one sum", single(11, u64(5), [5]), "malformed-delta"],
  ["a bounded sum of 2^53", single(11, [], [0, ...varint(2 ** 53)]), "malformed-delta"],
  ["a graph entry without a kind", single(13, [], []), "malformed-delta"],
  ["a graph entry of kind 0", single(13, [0], []), "malformed-delta"],
  ["a graph entry of kind 4", single(13, [4], []), "malformed-delta"],
  ["a graph entry of kind 255", single(13, [255], []), "malformed-delta"],
  ["a vertex with a payload", single(13, [1, 1], [1]), "malformed-delta"],
  ["an edge with a payload", single(13, [2, 1], [1]), "malformed-delta"],
  ["a workflow entry without a payload", single(14, [], []), "malformed-delta"],
  ["a workflow entry with a short key", single(14, text("k"), []), "malformed-delta"],
  ["a vote's truncation mark with a payload", single(15, markKey(1, 1, 1), [1]), "malformed-delta"],
  ["a vote's truncation mark at 2^53", single(15, markKey(2n ** 53n, 1, 1), []), "malformed-delta"],
  ["a series entry without a kind", single(12, [], CHUNK), "malformed-delta"],
  ["a series entry of kind 0", single(12, [0], CHUNK), "malformed-delta"],
  ["a series entry of kind 4", single(12, [4], CHUNK), "malformed-delta"],
  ["a chunk of nothing", single(12, [1], []), "malformed-delta"],
  ["a chunk cut off", single(12, [1], CHUNK.slice(0, -1)), "malformed-delta"],
  ["a chunk with a byte behind it", single(12, [1], [...CHUNK, 0]), "malformed-delta"],
  ["a chunk of no points", single(12, [1], [0, 0, 0, 0]), "malformed-delta"],
  ["a chunk that ends before its last time", single(12, [1], [2, 0, 0, 5, 0, 0, 4, 0, 0]), "malformed-delta"],
  ["a chunk of NaN", single(12, [1], [1, 15, 0, ...f64(Number.NaN)]), "malformed-delta"],
  ["a mark without a time", single(12, [2], []), "malformed-delta"],
  ["a mark of nine bytes", single(12, [2], [...f64(1), 0]), "malformed-delta"],
  ["a mark at NaN", single(12, [2], f64(Number.NaN)), "malformed-delta"],
  ["a mark at a half", single(12, [2], f64(0.5)), "malformed-delta"],
  ["a mark at −0", single(12, [2], f64(-0)), "malformed-delta"],
  ["a mark at 2^53", single(12, [2], f64(2 ** 53)), "malformed-delta"],
  ["a mark at −∞", single(12, [3], f64(Number.NEGATIVE_INFINITY)), "malformed-delta"],
  ["a mark of all with a label", single(12, [3, 97], f64(1)), "malformed-delta"],
  [
    "a removal record in a series",
    { ...removing([0, 1]), containers: [1, ...container(12, "s")] },
    "malformed-delta",
  ],
  ["a list entry without a kind", single(16, [], [1]), "malformed-delta"],
  ["a list entry of kind 0", single(16, [0], [1]), "malformed-delta"],
  ["a list entry of kind 4", single(16, [4], [1]), "malformed-delta"],
  // removals
  ...[1, 2, 3, 6, 9, 10, 11, 14, 15, 16].map((type): readonly [string, Partial<Sections>, ErrorCode] => [
    `a removal record in a container of type ${type}`,
    { ...removing([0, 1]), containers: [1, ...container(type, "s")] },
    "malformed-delta",
  ]),
  ["more removal records than bytes", { removalCount: varint(100_000) }, "malformed-delta"],
  ["a removal record without a replica", { ...nothing, ...noRemovals, removalCount: [1] }, "malformed-delta"],
  ["a removal record without a container", { ...removing([0, 1]), containers: [0] }, "malformed-delta"],
  ["removal records that sum to less", { removalCounts: [0, 0] }, "malformed-delta"],
  ["removal records that sum to more", { removalCounts: [1, 1] }, "malformed-delta"],
  ["a removal sequence above its replica's", { removalGaps: block([2]) }, "malformed-delta"],
  ["a removal in a map", { removalIndices: block([3]) }, "malformed-delta"],
  ["a removal in a container too many", { removalIndices: block([6]) }, "malformed-delta"],
  [
    "a removal record without a target",
    { targetCounts: block([0]), targetReplicas: [], targetSequences: [] },
    "malformed-delta",
  ],
  ["more targets than bytes", { targetCounts: block([100_000]) }, "malformed-delta"],
  ["2^32 targets", { targetCounts: block([2n ** 32n]) }, "malformed-delta"],
  ["a target of a replica too many", { targetReplicas: block([2]) }, "malformed-delta"],
  ["a target with sequence 0", { targetSequences: block([0]) }, "malformed-delta"],
  ["a target nobody made", removing([1, 3]), "malformed-delta"],
  ["a target with sequence 2^32", removing([1, 2 ** 32]), "malformed-delta"],
  ["targets twice", removing([1, 1], [1, 1]), "malformed-delta"],
  ["target sequences that descend", removing([1, 2], [1, 1]), "malformed-delta"],
  ["target replicas that descend", removing([1, 1], [0, 1]), "malformed-delta"],
  ["a removal record that removes itself", removing([0, 5]), "malformed-delta"],
  ["a removal record of what came later", removing([0, 6]), "malformed-delta"],
  // the end
  ["a byte too many", { rest: [0] }, "malformed-delta"],
  ["a snapshot without `compacted`", { flags: [1] }, "malformed-delta"],
  ["`compacted` of 2^53", { ...snapshotOf, compacted: varint(2 ** 53) }, "malformed-delta"],
  ["a delta with `compacted`", { compacted: [0] }, "malformed-delta"],
  // after the whole was read
  [
    "a base that was not seen",
    {
      replicas: [2, ...replica(1, 0, 7), ...replica(0x99, 1, 2)],
      gaps: block([0, 0, 0, 0, 0, 0, 0, 0]),
      removalGaps: block([0]),
    },
    "gap",
  ],
  [
    "more replicas than a document may have",
    {
      ...nothing,
      replicas: tables(65535, (index) => replica(index + 0x1000, 0, 1)),
      entryCounts: new Array(65535).fill(0),
    },
    "limit-exceeded",
  ],
];

describeEngines("malformed", (create) => {
  let engine: Engine;
  let document: EngineDocument;
  let image: string;
  const look = (): string =>
    [
      hex(document.snapshot()),
      document.digest(),
      document.clock(),
      JSON.stringify(document.containers()),
    ].join();

  beforeAll(async () => {
    engine = await create();
    document = engine.createDocument({ replica: replicaId(0x77), hashSeed: [1, 2], driftLimitMs: 60_000 });
    const index = document.container("set", "s");
    mutate(document, NOW_MS, (batch) => batch.add(index, "ab").add(index, "x").remove(index, "x"));
    image = look();
  });

  it.each(accepted)("accepts %s", (_, changes) => {
    const fresh = engine.createDocument({ replica: replicaId(0x78), hashSeed: [1, 2], driftLimitMs: 60_000 });
    const bytes = forge(changes);
    const first = fresh.merge(bytes, NOW_MS, true);
    expect(fresh.merge(bytes, NOW_MS, false).changed).toBe(false);
    expect(first.changed).toBe(bytes.length > 22);
    fresh.checkInvariants();
    fresh.close();
  });

  it.each(refused)("refuses %s", (_, changes, code) => {
    expect(codeOf(() => document.merge(forge(changes), NOW_MS, false))).toBe(code);
    expect(look()).toBe(image);
  });

  it("refuses a wrong checksum, before all that stands behind it", () => {
    const bytes = forge({ flags: [4] });
    bytes[bytes.length - 1]! ^= 1;
    expect(codeOf(() => document.merge(bytes, NOW_MS, false))).toBe("checksum-mismatch");
  });

  it("refuses every shorter piece of a delta, with and without a true checksum", () => {
    const whole = forge();
    for (let length = 0; length < whole.length; length++) {
      const codes = ["malformed-delta", "checksum-mismatch"];
      expect(codes).toContain(codeOf(() => document.merge(whole.subarray(0, length), NOW_MS, false)));
      if (length > whole.length - 4) continue;
      const code = codeOf(() => document.merge(withChecksum(whole.slice(0, length)), NOW_MS, false));
      expect(code).toBe(length === whole.length - 4 ? undefined : "malformed-delta");
      if (code === undefined) document.merge(whole, NOW_MS, false);
    }
    expect(document.digest()).not.toBe(image);
  });

  it("reads bytes that begin anywhere in their buffer", () => {
    const whole = forge({ containers: [6, ...valid.containers.slice(1)] });
    for (let offset = 0; offset < 8; offset++) {
      const buffer = new Uint8Array(whole.length + 16);
      buffer.set(whole, offset);
      const fresh = engine.createDocument({
        replica: replicaId(0x79),
        hashSeed: [1, 2],
        driftLimitMs: 60_000,
      });
      expect(fresh.merge(buffer.subarray(offset, offset + whole.length), NOW_MS, false).changed).toBe(true);
      fresh.close();
    }
  });
});

/** The code of the CrdtError that `call` throws; undefined when it throws none. */
function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (!isCrdtError(error)) throw error;
    expect(error.message.length).toBeGreaterThan(20);
    return error.code;
  }
}
