// Forges deltas section by section, as docs/wire-format.md lays them out, with the checksum put right, so that a test
// can spoil exactly one rule and reach the check behind it.
import { xxhash32 } from "../../host/wire/xxhash32.ts";

export type Section = readonly number[];
const ORDER = [
  "magic",
  "version",
  "flags",
  "baseTimestamp",
  "replicas",
  "containers",
  "entryCount",
  "entryCounts",
  "gaps",
  "indices",
  "timestamps",
  "keyLengths",
  "payloadLengths",
  "keys",
  "payloads",
  "removalCount",
  "removalCounts",
  "removalGaps",
  "removalIndices",
  "targetCounts",
  "targetReplicas",
  "targetSequences",
  "compacted",
  "rest",
] as const;
export type SectionName = (typeof ORDER)[number];
export type Sections = Readonly<Record<SectionName, Section>>;

export const text = (value: string): number[] => [...new TextEncoder().encode(value)];

export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

export const u64 = (value: bigint | number): number[] => [
  ...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer),
];

/** One block of a column, of the smallest width or of the one given. */
export function block(values: readonly (number | bigint)[], width?: number): number[] {
  const largest = values.reduce(
    (greatest: bigint, value) => (BigInt(value) > greatest ? BigInt(value) : greatest),
    0n,
  );
  const smallest =
    largest === 0n ? 0 : largest < 0x100n ? 1 : largest < 0x10000n ? 2 : largest < 2n ** 32n ? 4 : 8;
  const bytes = width ?? smallest;
  return [bytes, ...values.flatMap((value) => u64(value).slice(0, bytes))];
}

export const replica = (id: bigint | number, base: number, advance: number): number[] => [
  ...u64(id),
  ...varint(base),
  ...varint(advance),
];

export const container = (type: number, name: Section | string): number[] => {
  const bytes = typeof name === "string" ? text(name) : name;
  return [type, bytes.length, ...bytes];
};

/** A truncation mark's key. */
export const markKey = (timestamp: bigint | number, id: bigint | number, sequence: number): number[] => [
  ...u64(timestamp),
  ...u64(id),
  ...u64(sequence).slice(0, 4),
];

/**
 * A delta of two replicas and a container of each type. Replica 1: 1 counter, 2 flag, 3 log entry, 4 truncation mark,
 * 5 map, 6 register, 7 set. Replica 2: 2 set, which removed its own 1.
 */
export const valid: Sections = {
  magic: [0x4a, 0x43],
  version: [1],
  flags: [0],
  baseTimestamp: u64(1000),
  replicas: [2, ...replica(1, 0, 7), ...replica(2, 0, 2)],
  containers: [
    6,
    ...container(1, "c"),
    ...container(5, "f"),
    ...container(6, "l"),
    ...container(3, "m"),
    ...container(2, "r"),
    ...container(4, "s"),
  ],
  entryCount: [8],
  entryCounts: [7, 1],
  gaps: block([0, 0, 0, 0, 0, 0, 0, 1]),
  indices: block([0, 1, 2, 2, 3, 4, 5, 5]),
  timestamps: block([0, 1, 1, 1, 1, 1, 1, 3]),
  keyLengths: block([0, 0, 0, 20, 1, 0, 2, 2]),
  payloadLengths: block([2, 0, 1, 0, 1, 3, 0, 0]),
  keys: [...markKey(900, 0, 0), ...text("k"), ...text("ab"), ...text("cd")],
  payloads: [5, 3, 9, 7, 1, 2, 3],
  removalCount: [1],
  removalCounts: [0, 1],
  removalGaps: block([1]),
  removalIndices: block([5]),
  targetCounts: block([1]),
  targetReplicas: block([1]),
  targetSequences: block([1]),
  compacted: [],
  rest: [],
};

export const snapshotOf: Partial<Sections> = { flags: [1], compacted: [0] };

/** The sections joined, with a true checksum. */
export function forge(changes: Partial<Sections> = {}): Uint8Array {
  const sections = { ...valid, ...changes };
  return withChecksum(Uint8Array.from(ORDER.flatMap((name) => [...sections[name]])));
}

/** `body` and its checksum. */
export function withChecksum(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 4);
  bytes.set(body);
  new DataView(bytes.buffer).setUint32(body.length, xxhash32(body, 0), true);
  return bytes;
}
