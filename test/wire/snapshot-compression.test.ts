// Compressed deltas and snapshots: they come back byte for byte, small entries shrink to less than deflate alone makes of
// them, hostile bytes are coded errors within their limit, and the golden bytes of the format stay readable.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { CrdtError, isCrdtError } from "../../host/errors.ts";
import { createReplica, map, schema, set, type Value } from "../../host/index.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { readSection, writeSection } from "../../host/wire/compressed/columns.ts";
import { fromColumns, toColumns } from "../../host/wire/compressed/entry-columns.ts";
import { compressSnapshot, decompressSnapshot } from "../../host/wire/snapshot-compression.ts";
import { Random } from "../laws/random.ts";

const COLUMNS = 1;
const METHOD_OFFSET = 3;
const fixtures = join(import.meta.dirname, "../fixtures");
const wireFolder = join(fixtures, "wire-format-1");
const wireNames = readdirSync(wireFolder).filter((name) => name.endsWith(".bin"));
const compressedNames = readdirSync(join(fixtures, "compressed-1")).filter((name) =>
  wireNames.includes(name),
);
const read = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(join(fixtures, ...path)));
const runs = Number(process.env.FUZZ_RUNS ?? 20_000);
const firstSeed = Number(process.env.FUZZ_SEED ?? 1);

const Shape = schema({
  values: map<Record<string, Value>>(),
  others: map<Record<string, Value>>(),
  tags: set<string>(),
});

async function snapshotOf(values: readonly (readonly [string, Value])[]): Promise<Uint8Array> {
  const replica = await createReplica({ engine: "baseline" });
  const document = await replica.open("home", Shape);
  document.transact(() => {
    for (const [key, value] of values) {
      document.values.set(key, value);
      if (key.length % 3 === 0) document.others.set(`other ${key}`, value);
      if (key.length % 2 === 0) document.tags.add(key);
    }
  });
  const snapshot = document.snapshot();
  await replica.close();
  return snapshot;
}

/** The frame around a zlib stream, true to its parts unless told otherwise. */
function framed(
  stream: Uint8Array,
  length: number,
  { magic = 0x4a, version = 1, method = COLUMNS } = {},
): Uint8Array {
  const writer = new ByteWriter();
  for (const byte of [magic, 0x5a, version, method]) writer.u8(byte);
  writer.varint(length);
  writer.append(stream);
  return writer.toBytes();
}

function sectionsOf(columns: Uint8Array): Uint8Array[] {
  const cursor = { bytes: columns, offset: 0 };
  const sections: Uint8Array[] = [];
  while (cursor.offset < columns.length) sections.push(readSection(cursor));
  return sections;
}

function joined(sections: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const section of sections) writeSection(writer, section);
  return writer.toBytes();
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "nothing",
    (error: unknown) => (isCrdtError(error) ? error.code : error),
  );

const nested: Value = Array.from({ length: 60 }).reduce<Value>((inner) => [inner], 1);
const ODD: readonly Value[] = [
  null,
  true,
  false,
  0,
  -1,
  23,
  24,
  255,
  256,
  65_535,
  65_536,
  -65_537,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  -Number.MAX_SAFE_INTEGER,
  0.5,
  -0,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  7n,
  -(2n ** 70n),
  "",
  "0",
  "00",
  "a007",
  "a0",
  "9".repeat(40),
  "\ud800",
  "päth/12",
  new Uint8Array(0),
  Uint8Array.of(1, 2, 0x31, 0x32),
  [],
  {},
  [[], [{}]],
  { a: { b: [1, "x1", { c: null }] } },
  Array.from({ length: 600 }, (_, index) => index),
  nested,
  Array.from({ length: 5000 }, () => []),
  { [`long ${"k".repeat(5000)}`]: 1 },
];

describe("what was compressed comes back", () => {
  it.each(wireNames)("%s", async (name) => {
    const bytes = read("wire-format-1", name);
    expect(await decompressSnapshot(await compressSnapshot(bytes))).toEqual(bytes);
  });

  it("values of every kind, in columns", async () => {
    const values = ODD.map((value, index): [string, Value] => [`key ${index * 37}`, value]);
    const bytes = await snapshotOf([
      ...values,
      ...values.map(([key, value]): [string, Value] => [`${key}/2`, value]),
    ]);
    expect(fromColumns(toColumns(bytes), bytes.length)).toEqual(bytes);
    expect(await decompressSnapshot(await compressSnapshot(bytes))).toEqual(bytes);
  });

  it("more shapes than are told apart", async () => {
    const bytes = await snapshotOf(
      Array.from({ length: 1200 }, (_, index) => [`${index}`, { [`f${index}`]: index }]),
    );
    expect(fromColumns(toColumns(bytes), bytes.length)).toEqual(bytes);
  });

  it("bytes that are no delta", async () => {
    const random = new Random(7);
    for (const length of [0, 1, 15, 16, 500, 100_000]) {
      const bytes = Uint8Array.from({ length }, () => random.below(256));
      expect(await decompressSnapshot(await compressSnapshot(bytes))).toEqual(bytes);
    }
  });

  it("smaller than deflate alone leaves it, numbers in no order included", async () => {
    const random = new Random(3);
    const ids = random.shuffle(Array.from({ length: 5000 }, (_, index) => index));
    const bytes = await snapshotOf(
      ids.map((id) => [`profile/user:${id}`, { id, name: `user ${id}`, on: random.chance(0.5) }]),
    );
    const compressed = await compressSnapshot(bytes);
    expect(compressed[METHOD_OFFSET]).toBe(COLUMNS);
    expect(compressed.length).toBeLessThan(deflateSync(bytes, { level: 9 }).length * 0.8);
    expect(await decompressSnapshot(compressed)).toEqual(bytes);
  });
});

describe("golden bytes of version 1", () => {
  const golden = [
    ...compressedNames.map((name) => ({
      name,
      compressed: read("compressed-1", name),
      bytes: read("wire-format-1", name),
    })),
    {
      name: "values.bin",
      compressed: read("compressed-1/values.bin"),
      bytes: read("compressed-1/values-plain.bin"),
    },
  ];

  it.each(golden)("$name", async ({ compressed, bytes }) => {
    expect(await decompressSnapshot(compressed)).toEqual(bytes);
  });

  it("hold columns, which are written as they were", () => {
    const inColumns = golden.filter(({ compressed }) => compressed[METHOD_OFFSET] === COLUMNS);
    expect(inColumns.map(({ name }) => name)).toEqual(["many-blocks.bin", "values.bin"]);
    for (const { compressed, bytes } of inColumns) {
      const stream = compressed.subarray(
        compressed.findIndex((byte, index) => index >= 4 && byte < 0x80) + 1,
      );
      expect(toColumns(bytes)).toEqual(new Uint8Array(inflateSync(stream)));
    }
  });
});

describe("refuses", () => {
  const bytes = read("wire-format-1", "snapshot.bin");
  const zeros = deflateSync(new Uint8Array(1 << 24));

  it.each([
    ["no bytes", new Uint8Array(0), "malformed-delta"],
    ["another magic", framed(deflateSync(bytes), bytes.length, { magic: 0x4b }), "malformed-delta"],
    ["another version", framed(deflateSync(bytes), bytes.length, { version: 2 }), "unsupported-version"],
    ["another method", framed(deflateSync(bytes), bytes.length, { method: 2 }), "malformed-delta"],
    ["a missing length", Uint8Array.of(0x4a, 0x5a, 1, 0, 0x80), "malformed-delta"],
    ["a stream that is none", framed(Uint8Array.of(1, 2, 3), 3, { method: 0 }), "malformed-delta"],
    [
      "a stream cut off",
      framed(deflateSync(bytes).subarray(0, -3), bytes.length, { method: 0 }),
      "malformed-delta",
    ],
    ...[[0], [0, 0, 0, 1], [...deflateSync(bytes).subarray(-4)], [...deflateSync(bytes)]].map(
      (more, index): [string, Uint8Array, string] => [
        `bytes after the end of its stream (${index})`,
        framed(Uint8Array.of(...deflateSync(bytes), ...more), bytes.length, { method: 0 }),
        "malformed-delta",
      ],
    ),
    [
      "fewer bytes than stated",
      framed(deflateSync(bytes), bytes.length + 1, { method: 0 }),
      "malformed-delta",
    ],
    ["more bytes than stated", framed(zeros, 1000, { method: 0 }), "malformed-delta"],
    ["more than any delta", framed(zeros, 268_435_457, { method: 0 }), "limit-exceeded"],
    ["columns that are none", framed(deflateSync(bytes), bytes.length), "malformed-delta"],
    ["empty columns", framed(deflateSync(new Uint8Array(0)), 0), "malformed-delta"],
  ])("%s", async (_, compressed, code) => {
    expect(await codeOf(decompressSnapshot(compressed))).toBe(code);
  });

  it("what inflates to more than stated, before all of it is there", async () => {
    await expect(decompressSnapshot(framed(zeros, 1000, { method: 0 }))).rejects.toThrow(
      "more than 1000 bytes",
    );
  });

  it("columns with a byte too many or too few, whichever column it is", () => {
    const bytes = read("compressed-1/values-plain.bin");
    const sections = sectionsOf(toColumns(bytes));
    expect(sections.length).toBeGreaterThan(40);
    expect(fromColumns(joined(sections), bytes.length)).toEqual(bytes);
    for (const [index, section] of sections.entries()) {
      const longer = Uint8Array.of(...section, 0);
      expect(
        () => fromColumns(joined(sections.with(index, longer)), bytes.length),
        `section ${index}`,
      ).toThrow(CrdtError);
      if (section.length === 0) continue;
      const shorter = joined(sections.with(index, section.subarray(0, -1)));
      expect(() => fromColumns(shorter, bytes.length), `section ${index}`).toThrow(CrdtError);
    }
  });

  it("steps that restore nothing, which would make work of no bytes", () => {
    const bytes = read("compressed-1/values-plain.bin");
    const sections = sectionsOf(toColumns(bytes));
    const shapes = sections.findIndex((section) => section[0] === 8 && section.length > 60);
    for (const steps of [
      [1, 2, 0, 0, 0, 0],
      [1, 2, 9, 9],
    ]) {
      const altered = joined(sections.with(shapes, Uint8Array.from(steps)));
      expect(() => fromColumns(altered, bytes.length)).toThrow(/step/);
    }
  });

  it("more than the caller allows, before it inflates", async () => {
    const compressed = await compressSnapshot(bytes);
    expect(await codeOf(decompressSnapshot(compressed, { bytesMax: bytes.length - 1 }))).toBe(
      "limit-exceeded",
    );
    expect(await decompressSnapshot(compressed, { bytesMax: bytes.length })).toEqual(bytes);
  });
});

it(
  `spoilt columns are a coded error or as many bytes as stated (${runs} from seed ${firstSeed})`,
  async () => {
    const values = ODD.slice(0, 34).flatMap((value, index): [string, Value][] => [
      [`key ${index}`, value],
      [`name/${index * 7}`, { id: index, name: `user ${index}`, score: index / 3 }],
    ]);
    const bytes = await snapshotOf(values);
    const columns = toColumns(bytes);
    let refused = 0;
    for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
      const random = new Random(seed);
      const spoilt = columns.slice();
      for (let count = 1 + random.below(3); count > 0; count -= 1)
        spoilt[random.below(spoilt.length)] = random.below(256);
      const length = random.chance(0.1) ? random.below(bytes.length * 2) : bytes.length;
      try {
        expect(
          fromColumns(random.chance(0.1) ? spoilt.subarray(0, random.below(spoilt.length)) : spoilt, length)
            .length,
        ).toBe(length);
      } catch (error) {
        if (!isCrdtError(error)) throw new Error(`seed ${seed}`, { cause: error });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(runs / 4);
  },
  60_000 + runs * 10,
);
