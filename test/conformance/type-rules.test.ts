// Which operations and reads each data type takes, and under which keys; everything else is refused and changes nothing.
import { beforeAll, describe, expect, it } from "vitest";
import {
  CONTAINER_TYPES,
  type ContainerTypeName,
  type Engine,
  type EngineDocument,
} from "../../host/engine/engine.ts";
import { type Batch, type Bytes, mutate, readEntries, replicaId } from "./batch.ts";
import { codeOf, imageOf, NOW_MS, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";

type Subject = readonly [type: ContainerTypeName, kind: string];
type Build = (batch: Batch, index: number, key: Bytes) => Batch;

/** Every type, those with kinds once a kind, and a key that is right there. */
const SUBJECTS: readonly Subject[] = [
  ...(Object.keys(CONTAINER_TYPES) as ContainerTypeName[])
    .filter((type) => type !== "graph" && type !== "list" && type !== "series")
    .map((type) => [type, ""] as const),
  ["graph", "\u0001"],
  ["graph", "\u0002"],
  ["graph", "\u0003"],
  ["list", "\u0001"],
  ["list", "\u0002"],
  ["list", "\u0003"],
  ["series", "\u0001"],
  ["series", "\u0002"],
  ["series", "\u0003"],
];
const number = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);
const EIGHT = number(1);
const LOGS = ["log", "workflow", "vote"];
const WINNERS = ["register", "map", "graph\u0003", "list\u0002", "list\u0003"];
const VALUES = ["multi-value", "multi-map"];
const ELEMENTS = ["set", "flag", "graph\u0001", "graph\u0002"];
const MARKS = ["series\u0002", "series\u0003"];
const EXTREMES = ["maximum", "minimum"];
const ALL = SUBJECTS.map(([type, kind]) => type + kind);

const OPERATIONS: readonly (readonly [name: string, build: Build, takenBy: readonly string[]])[] = [
  ["increment", (batch, index) => batch.increment(index, 1), ["counter"]],
  ["put", (batch, index, key) => batch.put(index, key, EIGHT), [...WINNERS, ...VALUES, ...EXTREMES]],
  ["delete", (batch, index, key) => batch.delete(index, key), [...WINNERS, ...VALUES]],
  ["add", (batch, index, key) => batch.add(index, key), ELEMENTS],
  ["remove", (batch, index, key) => batch.remove(index, key), ELEMENTS],
  ["clear", (batch, index) => batch.clear(index), ["map", "set", "flag", ...VALUES]],
  ["append", (batch, index) => batch.push(index, "v"), LOGS],
  ["truncate", (batch, index) => batch.truncate(index, { timestamp: 1, replica: 1n, sequence: 1 }), LOGS],
  ["insert", (batch, index, key) => batch.insert(index, key, "v"), ["list\u0001"]],
  ["adjust", (batch, index, key) => batch.adjust(index, key, 1, 1), ["bounded"]],
  ["record", (batch, index) => batch.record(index, "a", [1], [1]), ["series"]],
  ["retain", (batch, index) => batch.retain(index, "a", 1), ["series"]],
  ["opcode 0", (batch, index) => batch.operation(0, index), []],
  ["opcode 13", (batch, index) => batch.operation(13, index), []],
  ["opcode 34", (batch, index, key) => batch.operation(34, index).u32(0).append(bytesOf(key)), []],
];

const bytesOf = (key: Bytes): Uint8Array => (typeof key === "string" ? new TextEncoder().encode(key) : key);

describeEngines("type rules", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const openRaw = useDocuments(() => engine);
  const open = (): EngineDocument => {
    const document = openRaw();
    for (const [type] of SUBJECTS) document.container(type, type);
    return document;
  };
  const indexOf = (document: EngineDocument, type: ContainerTypeName): number =>
    document.container(type, type);

  it.each(OPERATIONS)("%s is taken where it belongs", (_, build, takenBy) => {
    const document = open();
    for (const [type, kind] of SUBJECTS) {
      const before = imageOf(document);
      const index = indexOf(document, type);
      const code = codeOf(() => mutate(document, NOW_MS, (batch) => build(batch, index, kind)));
      const isTaken = takenBy.includes(type + kind) || (takenBy.includes(type) && build.length < 3);
      expect(code, `${type} ${JSON.stringify(kind)}`).toBe(isTaken ? undefined : "invalid-argument");
      if (!isTaken) expect(imageOf(document)).toBe(before);
    }
  });

  it("reads are taken where they belong", () => {
    const document = open();
    const reads: readonly (readonly [(index: number, key: Uint8Array) => unknown, readonly string[]])[] = [
      [(index, key) => document.read(index, key), [...WINNERS, ...EXTREMES, ...MARKS]],
      [
        (index, key) => document.has(index, key),
        ALL.filter((subject) => !["counter", "bounded", ...LOGS].includes(subject)),
      ],
      [(index, key) => document.entriesOf(index, key), ALL.filter((subject) => !LOGS.includes(subject))],
      [(index) => document.counter(index), ["counter"]],
      [(index) => document.size(index), ALL],
      [(index) => document.entries(index, 0), ALL],
      [(index) => document.entryAt(index, replicaId(1), 1), ALL],
    ];
    for (const [read, takenBy] of reads) {
      for (const [type, kind] of SUBJECTS) {
        const code = codeOf(() => read(indexOf(document, type), bytesOf(kind)));
        const expected = takenBy.includes(type + kind) ? undefined : "invalid-argument";
        expect(code, `${read} ${type} ${JSON.stringify(kind)}`).toBe(expected);
      }
      const absent = document.containers().length;
      for (const index of [absent, -1, 0.5]) {
        expect(codeOf(() => read(index, bytesOf("")))).toBe("invalid-argument");
      }
    }
    for (const last of [-1, 0.5, Number.NaN])
      expect(codeOf(() => document.entries(0, last))).toBe("invalid-argument");
    for (const sequence of [0, -1, 0.5, Number.NaN, 2 ** 32 - 1, 2 ** 53])
      expect(
        codeOf(() => document.entryAt(0, replicaId(1), sequence)),
        `${sequence}`,
      ).toBe("invalid-argument");
    for (const id of ["", "1", replicaId(0)])
      expect(
        codeOf(() => document.entryAt(0, id as never, 1)),
        id,
      ).toBe("invalid-argument");
    expect(readEntries(document.entryAt(0, replicaId(1), 2 ** 32 - 2))).toEqual([]);
  });

  describe("keys", () => {
    const refused: readonly (readonly [string, ContainerTypeName, (batch: Batch, index: number) => Batch])[] =
      [
        ["a put under a key of a register", "register", (batch, index) => batch.put(index, "k", "v")],
        ["an add under a key of a flag", "flag", (batch, index) => batch.add(index, "k")],
        ["a put under a key of a multi-value", "multi-value", (batch, index) => batch.put(index, "k", "v")],
        ["a delete under a key of a multi-value", "multi-value", (batch, index) => batch.delete(index, "k")],
        ["a put under a key of a maximum", "maximum", (batch, index) => batch.put(index, "k", EIGHT)],
        ["a graph key without a kind", "graph", (batch, index) => batch.add(index, "")],
        ["a graph key of kind 0", "graph", (batch, index) => batch.add(index, "\u0000")],
        ["a graph key of kind 4", "graph", (batch, index) => batch.put(index, "\u0004", "v")],
        ["a graph key of kind 255", "graph", (batch, index) => batch.add(index, Uint8Array.of(255))],
        ["a list key without a kind", "list", (batch, index) => batch.insert(index, "", "v")],
        ["a list key of kind 4", "list", (batch, index) => batch.put(index, "\u0004", "v")],
        ["a list key of kind 0", "list", (batch, index) => batch.delete(index, "\u0000")],
        ["a bounded key of 7 bytes", "bounded", (batch, index) => batch.adjust(index, "1234567", 1, 0)],
        ["a bounded key of 9 bytes", "bounded", (batch, index) => batch.adjust(index, "123456789", 1, 0)],
        ["a bounded key of replica 0", "bounded", (batch, index) => batch.adjust(index, number(0), 1, 0)],
        [
          "a bounded key of replica 0, by 0",
          "bounded",
          (batch, index) => batch.adjust(index, number(0), 0, 0),
        ],
        ["an adjustment by half", "bounded", (batch, index) => batch.adjust(index, "", 0.5, 0)],
        ["an adjustment by less than nothing", "bounded", (batch, index) => batch.adjust(index, "", 0, -1)],
        ["an adjustment by NaN", "bounded", (batch, index) => batch.adjust(index, "", Number.NaN, 0)],
        ["an adjustment by ∞", "bounded", (batch, index) => batch.adjust(index, "", 0, Infinity)],
        ["a maximum of 7 bytes", "maximum", (batch, index) => batch.put(index, "", "1234567")],
        ["a minimum of 9 bytes", "minimum", (batch, index) => batch.put(index, "", "123456789")],
        ["a maximum that is NaN", "maximum", (batch, index) => batch.put(index, "", number(Number.NaN))],
        [
          "a minimum that is a negative NaN with a payload",
          "minimum",
          (batch, index) => batch.put(index, "", Uint8Array.of(1, 0, 0, 0, 0, 0, 0xf0, 0xff)),
        ],
        ["a put without a payload", "multi-map", (batch, index) => batch.put(index, "k", "")],
        ["a list value without a payload", "list", (batch, index) => batch.put(index, "\u0002", "")],
        ["an insert cut off", "list", (batch, index) => batch.operation(9, index).u32(1)],
        [
          "an insert whose key is cut off",
          "list",
          (batch, index) => batch.operation(9, index).u32(2).u32(0).raw(1),
        ],
        ["an adjustment cut off", "bounded", (batch, index) => batch.operation(10, index).u32(0).f64(1)],
        [
          "an adjustment whose key is cut off",
          "bounded",
          (batch, index) => batch.operation(10, index).u32(8).f64(1).f64(1),
        ],
      ];
    it.each(refused)("refuse %s", (_, type, build) => {
      const document = open();
      const before = imageOf(document);
      const index = indexOf(document, type);
      expect(codeOf(() => mutate(document, NOW_MS, (batch) => build(batch, index)))).toBe("invalid-argument");
      expect(imageOf(document)).toBe(before);
    });

    it("of a graph, list or series without a kind that is known cannot be read", () => {
      const document = open();
      for (const type of ["graph", "list", "series"] as const) {
        for (const key of [[], [0], [4], [255, 1]].map((bytes) => Uint8Array.from(bytes))) {
          const index = indexOf(document, type);
          const reads = [
            () => document.read(index, key),
            () => document.has(index, key),
            () => document.entriesOf(index, key),
          ];
          for (const read of reads) expect(codeOf(read), `${read} ${type} ${key}`).toBe("invalid-argument");
        }
      }
    });

    it("keep types of one number's digits apart: type 1 with name 1x, and type 11 with name x", () => {
      const document = openRaw();
      const names = [
        ["counter", "1x"],
        ["bounded", "x"],
        ["counter", "6x"],
        ["list", "x"],
      ] as const;
      expect(names.map(([type, name]) => document.container(type, name))).toEqual([0, 1, 2, 3]);
      mutate(document, NOW_MS, (batch) => batch.increment(0, 1).adjust(1, "", 1, 1).insert(3, "\u0001", "v"));
      const reader = openRaw(2);
      reader.merge(document.snapshot(), NOW_MS, false);
      expect(reader.containers().map(({ type, name }) => [type, name])).toEqual([
        ["counter", "1x"],
        ["bounded", "x"],
        ["list", "x"],
      ]);
    });
  });
});
