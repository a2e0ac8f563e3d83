// Small deltas made to cost much: keys and replica ids that collide in weak hashes, thousands of adds of one element,
// thousands of truncation marks. The work must stay near that of honest deltas of the same size; each bound is some
// fifty times what it takes and far below what a quadratic engine needs.
import { beforeAll, expect, it } from "vitest";
import { type Engine, OPCODES } from "../../host/engine/engine.ts";
import { block, container, forge, markKey, type Sections, u64, varint } from "../fuzz/forge.ts";
import { readChanges } from "./batch.ts";
import { NOW_MS, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";

/** Of processor time: what else the machine does is not the engine's work. */
const BOUND_MS = 4_000;
const BLOCK_VALUES = 256;
const FLAG = 5;
const LOG = 6;
const MAP = 3;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** A column of `count` values. */
function column(count: number, value: (index: number) => number): number[] {
  const bytes: number[] = [];
  for (let begin = 0; begin < count; begin += BLOCK_VALUES) {
    const length = Math.min(BLOCK_VALUES, count - begin);
    for (const byte of block(Array.from({ length }, (_, index) => value(begin + index)))) bytes.push(byte);
  }
  return bytes;
}

const none: Partial<Sections> = {
  entryCounts: [],
  indices: [],
  removalCount: [0],
  removalCounts: [],
  removalGaps: [],
  removalIndices: [],
  targetCounts: [],
  targetReplicas: [],
  targetSequences: [],
};
const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** `count` enables of one flag by replica 7, none of which saw another; a map value makes room for the count. */
const enables = (count: number): Uint8Array =>
  forge({
    ...none,
    replicas: [1, ...u64(7), ...varint(0), ...varint(count + 1)],
    containers: [2, ...container(FLAG, "f"), ...container(MAP, "m")],
    entryCount: varint(count + 1),
    gaps: column(count + 1, () => 0),
    indices: column(count + 1, (index) => (index < count ? 0 : 1)),
    timestamps: column(count + 1, () => 0),
    keyLengths: column(count + 1, () => 0),
    payloadLengths: column(count + 1, (index) => (index < count ? 0 : count)),
    keys: [],
    payloads: zeros(count),
  });

/** What takes all those away, the oldest first: a snapshot that has seen them and lacks them. */
const emptySnapshot = (count: number): Uint8Array =>
  forge({
    ...none,
    flags: [1],
    baseTimestamp: zeros(8),
    replicas: [1, ...u64(7), ...varint(0), ...varint(count + 1)],
    containers: [0],
    entryCount: [0],
    gaps: [],
    timestamps: [],
    keyLengths: [],
    payloadLengths: [],
    keys: [],
    payloads: [],
    compacted: [0],
  });

/** Removal records of replica 8, one target each, the newest first. */
const removalsFromTheEnd = (count: number): Uint8Array =>
  forge({
    ...none,
    baseTimestamp: zeros(8),
    replicas: [2, ...u64(7), ...varint(count + 1), 0, ...u64(8), 0, ...varint(count)],
    containers: [1, ...container(FLAG, "f")],
    entryCount: [0],
    entryCounts: [0, 0],
    gaps: [],
    timestamps: [],
    keyLengths: [],
    payloadLengths: [],
    keys: [],
    payloads: [],
    removalCount: varint(count),
    removalCounts: [0, ...varint(count)],
    removalGaps: column(count, () => 0),
    targetCounts: column(count, () => 1),
    targetReplicas: column(count, () => 0),
    targetSequences: column(count, (index) => count - index),
  });

const isPair = (place: number, bits: number): boolean => ((bits >>> place) & 1) === 1;

/** 2^`pairs` map keys: each pair of words is zero, or has the high bits set that a multiply-and-fold hash cancels. */
function collidingPuts(index: number, pairs: number): Uint8Array {
  const operationBytes = 11 + 16 * pairs + 1;
  const batch = new Uint8Array(operationBytes << pairs);
  const view = new DataView(batch.buffer);
  for (let key = 0; key < 1 << pairs; key++) {
    const begin = key * operationBytes;
    batch[begin] = OPCODES.put;
    view.setUint16(begin + 1, index, true);
    view.setUint32(begin + 3, 16 * pairs, true);
    view.setUint32(begin + 7, 1, true);
    for (let pair = 0; pair < pairs; pair++) {
      if (!isPair(pair, key)) continue;
      for (const offset of [7, 11, 15]) batch[begin + 11 + pair * 16 + offset] = 0x80;
    }
  }
  return batch;
}

/** One mutation each of replicas whose ids differ in the highest bits alone. */
function manyReplicas(bits: number, groups: number): Uint8Array {
  const count = groups << bits;
  const rows = Array.from({ length: 1 << bits }, (_, high) => high).flatMap((high) =>
    Array.from({ length: groups }, (_, low) => [
      ...u64((BigInt(high) << BigInt(64 - bits)) | BigInt(low + 1)),
      0,
      1,
    ]),
  );
  const bytes = rows.flat();
  return forge({
    ...none,
    baseTimestamp: zeros(8),
    replicas: [...varint(count), ...bytes],
    containers: [0],
    entryCount: [0],
    entryCounts: zeros(count),
    gaps: [],
    timestamps: [],
    keyLengths: [],
    payloadLengths: [],
    keys: [],
    payloads: [],
  });
}

/** `count` truncation marks by replica 9, each above the one before and below all that was appended. */
const marks = (count: number): Uint8Array =>
  forge({
    ...none,
    replicas: [1, ...u64(9), 0, ...varint(count)],
    containers: [1, ...container(LOG, "l")],
    entryCount: varint(count),
    gaps: column(count, () => 0),
    timestamps: column(count, () => 0),
    keyLengths: column(count, () => 20),
    payloadLengths: column(count, () => 0),
    keys: Array.from({ length: count }, (_, index) => markKey(index + 1, 0, 0)).flat(),
    payloads: [],
  });

describeEngines("hostile work", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  const timed = (work: () => void): void => {
    const start = cpuMs();
    work();
    expect(cpuMs() - start).toBeLessThan(BOUND_MS);
  };

  it("thousands of enables of one flag, taken away oldest first", () => {
    const count = 60_000;
    const document = open();
    timed(() => document.merge(enables(count), NOW_MS, false));
    const flag = document.container("flag", "f");
    expect(document.containers()[flag]!.entries).toBe(count);
    timed(() => {
      const { changes } = document.merge(emptySnapshot(count), NOW_MS, true);
      const listed = readChanges(changes).filter((change) => change.container === flag);
      expect(listed.map((change) => change.present)).toEqual(
        Array.from({ length: count }, (_, index) => index < count - 1),
      );
    });
    expect(document.has(flag, new Uint8Array(0))).toBe(false);
  });

  it("thousands of enables of one flag, taken away newest first", () => {
    const count = 60_000;
    const document = open();
    document.merge(enables(count), NOW_MS, false);
    const flag = document.container("flag", "f");
    timed(() => document.merge(removalsFromTheEnd(count), NOW_MS, false));
    expect(document.has(flag, new Uint8Array(0))).toBe(false);
    expect(document.statistics()).toMatchObject({ entries: 1, removals: count });
  });

  it("thousands of enables of one flag, seen and cleared here", () => {
    const count = 60_000;
    const document = open();
    document.merge(enables(count), NOW_MS, false);
    const flag = document.container("flag", "f");
    timed(() => document.mutate(Uint8Array.of(OPCODES.clear, flag, 0), 3, NOW_MS));
    expect(document.has(flag, new Uint8Array(0))).toBe(false);
    expect(document.localDelta(0).length).toBeGreaterThan(count * 2);
  });

  it("keys made to collide", () => {
    const pairs = 14;
    const document = open();
    const map = document.container("map", "m");
    const batch = collidingPuts(map, pairs);
    timed(() => document.mutate(batch, batch.length, NOW_MS));
    expect(document.size(map)).toBe(1 << pairs);
  });

  it("replica ids made to collide", () => {
    const delta = manyReplicas(14, 3);
    const document = open();
    timed(() => document.merge(delta, NOW_MS, false));
    expect(document.statistics().replicas).toBe(3 << 14);
    timed(() => {
      for (let again = 0; again < 4; again++) document.merge(delta, NOW_MS, false);
    });
  });

  it("thousands of truncation marks below a long log", () => {
    const document = open();
    const log = document.container("log", "l");
    const count = 20_000;
    const batch = new Uint8Array(count * 8).map(
      (_, index) => [OPCODES.append, log, 0, 1, 0, 0, 0, 9][index % 8]!,
    );
    document.mutate(batch, batch.length, NOW_MS);
    const delta = marks(count);
    timed(() => document.merge(delta, NOW_MS, false));
    expect(document.size(log)).toBe(count);
    expect(document.containers()[log]!.entries).toBe(count + 1);
  });
});
