// Every limit of the engine, met exactly and passed by one, where that is feasible in a test: what is refused leaves
// the document as it was. Of 2^23 entries or targets a delta only states the number, in bytes enough for it; 2^20 documents
// are in test/engine/documents.test.ts. Not met, for their size: 2^28 bytes of a delta and 2^27 of a batch.
import { beforeAll, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.ts";
import {
  BATCH_BYTES_MAX,
  CONTAINER_NAME_BYTES_MAX,
  CONTAINERS_MAX,
  DELTA_BYTES_MAX,
  DELTA_ENTRIES_MAX,
  DELTA_TARGETS_MAX,
  KEY_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  REPLICAS_MAX,
} from "../../host/limits.ts";
import { block, container, forge, replica, type Sections, varint, withChecksum } from "../fuzz/forge.ts";
import { Batch, hex, mutate, readVector, replicaId } from "./batch.ts";
import { codeOf, imageOf, NOW_MS, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";

const rows = (count: number, row: (index: number) => readonly number[]): number[] => {
  const bytes = varint(count);
  for (let index = 0; index < count; index++) for (const byte of row(index)) bytes.push(byte);
  return bytes;
};
const nothing = {
  entryCount: [0],
  gaps: [],
  indices: [],
  timestamps: [],
  keyLengths: [],
  payloadLengths: [],
  keys: [],
  payloads: [],
  baseTimestamp: new Array<number>(8).fill(0),
  removalCount: [0],
  removalCounts: [],
  removalGaps: [],
  removalIndices: [],
  targetCounts: [],
  targetReplicas: [],
  targetSequences: [],
};
/** A delta in which so many replicas, from the given id on, made one mutation that left nothing. */
const replicas = (count: number, first: number): Uint8Array =>
  forge({
    ...nothing,
    containers: [0],
    replicas: rows(count, (index) => replica(first + index, 0, 1)),
    entryCounts: count > 1 ? new Array<number>(count).fill(0) : [],
  });

/** Bytes enough for every count that is checked against them: zeros stand where a body should go on. */
const PADDING = DELTA_ENTRIES_MAX + 1024;
function padded(sections: Partial<Sections>): Uint8Array {
  const forged = forge(sections);
  const body = new Uint8Array(forged.length + PADDING);
  body.set(forged.subarray(0, -4));
  return withChecksum(body);
}

describeEngines("limits", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);

  it("container names: 255 bytes of UTF-8", () => {
    const document = open();
    expect(document.container("map", "é".repeat(127))).toBe(0);
    expect(document.container("map", "m".repeat(CONTAINER_NAME_BYTES_MAX))).toBe(1);
    expect(codeOf(() => document.container("map", "m".repeat(CONTAINER_NAME_BYTES_MAX + 1)))).toBe(
      "limit-exceeded",
    );
    expect(codeOf(() => document.container("map", "é".repeat(128)))).toBe("limit-exceeded");
    expect(document.containers().length).toBe(2);
  });

  it("containers: 1,024, declared or met", () => {
    const [document, other] = [open(1), open(2)];
    for (let index = 0; index < CONTAINERS_MAX; index++) document.container("map", `m${index}`);
    expect(codeOf(() => document.container("map", "one more"))).toBe("limit-exceeded");
    expect(document.container("map", "m7")).toBe(7);
    mutate(other, NOW_MS, (batch) => batch.put(other.container("map", "new"), "k", "v"));
    const image = imageOf(document);
    expect(codeOf(() => document.merge(other.snapshot(), NOW_MS, false))).toBe("limit-exceeded");
    expect(imageOf(document)).toBe(image);
    expect(document.containers().length).toBe(CONTAINERS_MAX);
    const known = open(3);
    mutate(known, NOW_MS, (batch) => batch.put(known.container("map", "m1023"), "k", "v"));
    expect(document.merge(known.snapshot(), NOW_MS, false).changed).toBe(true);
  });

  it("containers of one delta: 1,024", () => {
    const table = (count: number): number[] =>
      rows(count, (index) => container(1, `c${String(index).padStart(5, "0")}`));
    const document = open();
    expect(
      codeOf(() => document.merge(forge({ containers: table(CONTAINERS_MAX + 1) }), NOW_MS, false)),
    ).toBe("limit-exceeded");
  });

  it("keys: 65,535 bytes", () => {
    const document = open();
    const [map, set] = [document.container("map", "m"), document.container("set", "s")];
    const [longest, longer] = [new Uint8Array(KEY_BYTES_MAX), new Uint8Array(KEY_BYTES_MAX + 1)];
    expect(mutate(document, NOW_MS, (batch) => batch.put(map, longest, "v").add(set, longest))).toBe(2);
    expect(open(2).merge(document.snapshot(), NOW_MS, false).changed).toBe(true);
    const image = imageOf(document);
    const refused: ((batch: Batch) => Batch)[] = [
      (batch) => batch.put(map, longer, "v"),
      (batch) => batch.delete(map, longer),
      (batch) => batch.add(set, longer),
      (batch) => batch.remove(set, longer),
    ];
    for (const build of refused) expect(codeOf(() => mutate(document, NOW_MS, build))).toBe("limit-exceeded");
    expect(imageOf(document)).toBe(image);
    expect(document.has(map, longer)).toBe(false);
    expect(document.read(map, longer)).toBeUndefined();
  });

  it("payloads: 16 MiB", () => {
    const document = open();
    const [map, log] = [document.container("map", "m"), document.container("log", "l")];
    const headerOf = (length: number): Uint8Array =>
      new Batch().operation(2, map).u32(1).u32(length).raw(0x6b).bytes;
    const batch = new Uint8Array(12 + PAYLOAD_BYTES_MAX + 1);
    batch.set(headerOf(PAYLOAD_BYTES_MAX));
    expect(document.mutate(batch, 12 + PAYLOAD_BYTES_MAX, NOW_MS).effective).toBe(1);
    expect(document.read(map, Uint8Array.of(0x6b))!.length).toBe(PAYLOAD_BYTES_MAX);
    batch.set(headerOf(PAYLOAD_BYTES_MAX + 1));
    expect(codeOf(() => document.mutate(batch, batch.length, NOW_MS))).toBe("limit-exceeded");
    const append = new Batch().operation(7, log).u32(PAYLOAD_BYTES_MAX + 1).bytes;
    expect(codeOf(() => document.mutate(append, append.length, NOW_MS))).toBe("limit-exceeded");
    expect(document.sequence()).toBe(1);
    const other = open(2);
    other.merge(document.snapshot(), NOW_MS, false);
    expect(other.digest()).toBe(document.digest());
  });

  it("batches and deltas: their length is judged before anything is read", () => {
    const document = open();
    const bytes = new Uint8Array(DELTA_BYTES_MAX + 1);
    expect(codeOf(() => document.merge(bytes, NOW_MS, false))).toBe("limit-exceeded");
    expect(codeOf(() => document.mutate(bytes, BATCH_BYTES_MAX + 1, NOW_MS))).toBe("limit-exceeded");
  });

  it.each([
    ["entries", DELTA_ENTRIES_MAX, (count: number) => ({ entryCount: varint(count) })],
    ["removal records", DELTA_ENTRIES_MAX, (count: number) => ({ removalCount: varint(count) })],
    [
      "removal targets",
      DELTA_TARGETS_MAX,
      (count: number) => ({ targetCounts: block([count]), targetReplicas: [], targetSequences: [] }),
    ],
  ])("%s of one delta: 2^23", (_what, most, sections) => {
    const document = open();
    document.merge(forge(), NOW_MS, false);
    const image = imageOf(document);
    // One of the most there may be is read on, and found to be cut off.
    expect(codeOf(() => document.merge(padded(sections(most)), NOW_MS, false))).toBe("malformed-delta");
    expect(codeOf(() => document.merge(padded(sections(most + 1)), NOW_MS, false))).toBe("limit-exceeded");
    expect(imageOf(document)).toBe(image);
  });

  it("replicas: 65,535, in a delta and in a document", () => {
    const document = open(7);
    expect(codeOf(() => document.merge(replicas(REPLICAS_MAX + 1, 1000), NOW_MS, false))).toBe(
      "limit-exceeded",
    );
    const most = replicas(REPLICAS_MAX, 1000);
    expect(document.merge(most, NOW_MS, false).changed).toBe(true);
    expect(readVector(document.versionVector()).length).toBe(REPLICAS_MAX);
    expect(document.merge(most, NOW_MS, false).changed).toBe(false);
    const vector = hex(document.versionVector());
    expect(codeOf(() => document.merge(replicas(1, 100), NOW_MS, false))).toBe("limit-exceeded");
    const map = document.container("map", "m");
    expect(codeOf(() => mutate(document, NOW_MS, (batch) => batch.put(map, "k", "v")))).toBe(
      "limit-exceeded",
    );
    expect(hex(document.versionVector())).toBe(vector);
    document.setReplica(replicaId(1000));
    expect(mutate(document, NOW_MS, (batch) => batch.put(map, "k", "v"))).toBe(1);
  });

  it("sequences: 2^32 − 2", () => {
    const document = open(5);
    document.merge(
      forge({
        ...nothing,
        containers: [0],
        replicas: [1, ...replica(5, 0, 0xfffffffd)],
        entryCounts: [],
      }),
      NOW_MS,
      false,
    );
    const map = document.container("map", "m");
    expect(document.sequence()).toBe(0xfffffffd);
    mutate(document, NOW_MS, (batch) => batch.put(map, "k", "last"));
    expect(document.sequence()).toBe(0xfffffffe);
    const other = open(6);
    other.merge(document.snapshot(), NOW_MS, false);
    expect(other.digest()).toBe(document.digest());
    const image = imageOf(document);
    expect(codeOf(() => mutate(document, NOW_MS, (batch) => batch.put(map, "k", "v")))).toBe(
      "limit-exceeded",
    );
    expect(imageOf(document)).toBe(image);
  });
});
