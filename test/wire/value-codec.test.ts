// Values to bytes and back, judged by another CBOR library wherever it can do what the format asks.
import * as cborg from "cborg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isCrdtError } from "../../host/errors.ts";
import { VALUE_DEPTH_MAX } from "../../host/limits.ts";
import { jsonView } from "../../host/wire/value.ts";
import { decodeValue, encodeValue } from "../../host/wire/value-codec.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

/** Any string of UTF-16 units, lone surrogates included. */
const anyString = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom("", "__proto__", "constructor", "\ud800", "\udc00\ud800", "a\ud83d", "😀", "\ufeffx"),
);
const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.float(),
  fc.constantFrom(
    -0,
    0,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -(2 ** 53),
    2 ** 53 - 1,
    65504,
    65505,
    2 ** -24,
    2 ** -25,
  ),
);
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  anyNumber,
  anyString,
  fc.bigInt(),
  fc.uint8Array({ maxLength: 300 }),
);
const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 30 }),
    fc.array(fc.tuple(anyString, tie("value")), { maxLength: 30 }).map(recordOf),
  ),
})).value;

function recordOf(rows: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [key, value] of rows) {
    Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return record;
}

describe("encoding", () => {
  const known: [unknown, string][] = [
    [0, "00"],
    [23, "17"],
    [24, "18 18"],
    [255, "18 ff"],
    [256, "19 0100"],
    [65535, "19 ffff"],
    [65536, "1a 00010000"],
    [2 ** 32 - 1, "1a ffffffff"],
    [2 ** 32, "1b 0000000100000000"],
    [2 ** 53 - 1, "1b 001fffffffffffff"],
    [2 ** 53, "fa 5a000000"],
    [-1, "20"],
    [-(2 ** 53 - 1), "3b 001ffffffffffffe"],
    [-0, "f9 8000"],
    [1.5, "f9 3e00"],
    [65504.5, "fa 477fe080"],
    [0.1, "fb 3fb999999999999a"],
    [2 ** -24, "f9 0001"],
    [2 ** -14, "f9 0400"],
    [2 ** -25, "fa 33000000"],
    [Number.NaN, "f9 7e00"],
    [Infinity, "f9 7c00"],
    [-Infinity, "f9 fc00"],
    [null, "f6"],
    [true, "f5"],
    [false, "f4"],
    [7n, "c2 41 07"],
    [0n, "c2 40"],
    [-1n, "c3 40"],
    [-256n, "c3 41 ff"],
    [2n ** 64n, "c2 49 010000000000000000"],
    ["", "60"],
    ["a", "61 61"],
    ["ü", "62 c3bc"],
    ["\ud800", "d90111 43 eda080"],
    [new Uint8Array([1, 2]), "42 0102"],
    [[], "80"],
    [{}, "a0"],
    [{ b: 1, a: 2, aa: 3 }, "a3 6161 02 6162 01 626161 03"],
  ];
  it.each(known)("of %s is what the format says", (value, bytes) => {
    expect(hex(encodeValue(value))).toBe(bytes.replaceAll(" ", ""));
    expect(decodeValue(bytesOf(bytes))).toEqual(value);
  });

  it("is the same as cborg's for what both know", () => {
    const plain = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.maxSafeInteger(),
        fc
          .double({ noNaN: true, noDefaultInfinity: true })
          .filter((value) => !Object.is(value, -0) && Math.abs(value) < 2 ** 53),
        fc.string({ unit: "binary" }),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(tie("value"), { maxLength: 30 }),
        fc.dictionary(fc.string({ unit: "binary" }), tie("value"), { maxKeys: 30 }),
      ),
    })).value;
    fc.assert(
      fc.property(plain, (value) => {
        const bytes = encodeValue(value);
        expect(hex(bytes)).toBe(hex(cborg.encode(value, { float64: false })));
        expect(cborg.decode(bytes, { useMaps: false })).toEqual(value);
      }),
      { numRuns: 2000 },
    );
  });

  it("of many keys and of long lengths is canonical", () => {
    const many = Object.fromEntries(
      Array.from({ length: 70_000 }, (_, index) => [`key ${(index * 7919) % 70_000}`, 1]),
    );
    const bytes = encodeValue(many);
    expect(hex(bytes.subarray(0, 5))).toBe("ba00011170");
    expect(hex(cborg.encode(many))).toBe(hex(bytes));
    for (const length of [23, 24, 255, 256, 65_535, 65_536]) {
      for (const text of ["a".repeat(length), "ü".repeat(length), `${"a".repeat(length)}\ud800`]) {
        expect(decodeValue(encodeValue(text))).toBe(text);
      }
      expect(hex(encodeValue("ü".repeat(length)))).toBe(hex(cborg.encode("ü".repeat(length))));
    }
  });

  it("orders keys as their encodings, whatever the script", () => {
    const bytes = encodeValue({ "\uffff": 1, "😀": 2, "\ud800": 3, zz: 4, é: 5 });
    expect(hex(bytes)).toBe("a5627a7a0462c3a90563efbfbf0164f09f988002d9011143eda08003");
  });

  it("of the same keys again is the same, in whatever order they stand", () => {
    const anyKeys = fc.uniqueArray(anyString, { maxLength: 18 });
    fc.assert(
      fc.property(fc.array(anyKeys, { minLength: 1, maxLength: 3 }), (lists) => {
        for (let round = 0; round < 4; round++) {
          for (const keys of lists) {
            const object = Object.fromEntries(keys.map((key, index) => [key, index]));
            const entries = Object.entries(object).reverse();
            const bytes = encodeValue(object);
            expect(decodeValue(bytes)).toEqual(object);
            expect(hex(encodeValue(Object.fromEntries(entries)))).toBe(hex(bytes));
          }
        }
      }),
      { numRuns: 300 },
    );
    const objects = [
      { id: 1, name: "a", on: true },
      { on: 1, name: 2, id: 3 },
      { io: 1, name: "a", on: true },
    ];
    for (const object of [...objects, ...objects, ...objects]) {
      expect(hex(encodeValue(object))).toBe(hex(cborg.encode(object)));
    }
  });

  it("comes back as it went in, frozen, and is canonical", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = encodeValue(value);
        const decoded = decodeValue(bytes);
        expect(decoded).toEqual(value);
        expect(isFrozen(decoded)).toBe(true);
        expect(hex(encodeValue(decoded))).toBe(hex(bytes));
      }),
      { numRuns: 1500 },
    );
  });

  it("keeps −0 apart from 0, 7n from 7, and __proto__ as a key", () => {
    expect(Object.is(decodeValue(encodeValue(-0)), -0)).toBe(true);
    expect(decodeValue(encodeValue([7, 7n]))).toEqual([7, 7n]);
    const odd = decodeValue(encodeValue(JSON.parse('{"__proto__": {"a": 1}}'))) as object;
    expect(Object.keys(odd)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(odd)).toBe(Object.prototype);
  });
});

function isFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozen);
}

describe("objects that come in the same turns again", () => {
  const canonical = (value: unknown): Uint8Array => cborg.encode(value, cborg.rfc8949EncodeOptions);

  it("are written as if each came alone", () => {
    const turns = [
      { id: 70_000, name: "a", on: true },
      { name: "b", id: 1, on: false },
      { id: 65_535, name: "c" },
      { outer: { id: 256, name: "d", on: true }, list: [{ id: 24, name: "e", on: false }, {}] },
      { id: 255, name: "f", on: true, more: 2 ** 32 },
    ];
    for (let round = 0; round < 6; round++) {
      for (const value of turns) expect(encodeValue(value)).toEqual(canonical(value));
      for (const value of [...turns].reverse()) expect(encodeValue(value)).toEqual(canonical(value));
    }
  });

  it("hold their own keys only, whatever stands on the prototype of all objects", () => {
    const value = { id: 1, name: "x", on: true };
    const expected = canonical(value);
    for (let round = 0; round < 3; round++) encodeValue(value);
    const found: Uint8Array[] = [];
    Object.defineProperty(Object.prototype, "intruder", { value: 1, enumerable: true, configurable: true });
    try {
      for (let round = 0; round < 3; round++) found.push(encodeValue(value));
    } finally {
      Reflect.deleteProperty(Object.prototype, "intruder");
    }
    expect(found).toEqual([expected, expected, expected]);
  });

  it("are read once a key, getters too", () => {
    let reads = 0;
    const record = (): object => ({
      get id(): number {
        reads += 1;
        return 5;
      },
      name: "y",
    });
    for (let round = 0; round < 4; round++) {
      expect(encodeValue(record())).toEqual(canonical({ id: 5, name: "y" }));
      expect(reads).toBe(round + 1);
    }
  });
});

describe("decoding", () => {
  const refused: [string, string][] = [
    ["no bytes", ""],
    ["more than one value", "00 00"],
    ["a longer integer than needed", "18 17"],
    ["a longer integer than needed, two bytes", "19 00ff"],
    ["a longer integer than needed, four bytes", "1a 0000ffff"],
    ["a longer integer than needed, eight bytes", "1b 00000000ffffffff"],
    ["an integer of 2^53", "1b 0020000000000000"],
    ["an integer of −2^53", "3b 001fffffffffffff"],
    ["a cut off integer", "19 01"],
    ["an integer as a float", "f9 3c00"],
    ["zero as a float", "f9 0000"],
    ["a longer float than needed", "fa 3fc00000"],
    ["a double that fits a single", "fb 3fb9999a00000000"],
    ["another NaN", "f9 7e01"],
    ["a NaN as a single", "fa 7fc00000"],
    ["a cut off float", "fb 0000"],
    ["undefined", "f7"],
    ["a simple value", "e0"],
    ["a break", "ff"],
    ["an indefinite length", "9f 00 ff"],
    ["a reserved length", "1c"],
    ["a string beyond the end", "62 61"],
    ["a string that is no UTF-8", "61 ff"],
    ["a long string that is no UTF-8", `781e ff${"61".repeat(29)}`],
    ["a lone surrogate in a text string", "63 eda080"],
    ["a lone surrogate in a long text string", `781e eda080${"61".repeat(27)}`],
    ["tag 273 without a lone surrogate", "d90111 41 61"],
    ["a surrogate pair as two", "d90111 46 eda080edb080"],
    ["tag 273 that is no WTF-8", "d90111 44 eda080ff"],
    ["another tag", "c1 00"],
    ["a bigint around a number", "c2 00"],
    ["an unknown tag around bytes", "c6 41 00"],
    ["a bigint with a leading zero", "c2 42 0001"],
    ["keys out of order", "a2 6162 01 6161 02"],
    ["a key twice", "a2 6161 01 6161 02"],
    ["a key that is a number", "a1 01 01"],
    ["a key that is a bigint", "a1 c241 01 01"],
    ["more items than bytes", "9a ffffffff"],
    ["too deep arrays", `${"81".repeat(VALUE_DEPTH_MAX + 1)}00`],
    ["too deep maps", `${"a16161".repeat(VALUE_DEPTH_MAX + 1)}00`],
  ];
  it.each(refused)("refuses %s", (_name, bytes) => {
    expect(() => decodeValue(bytesOf(bytes))).toThrow(expect.objectContaining({ code: "invalid-value" }));
  });

  it("of random bytes gives a canonical value or a coded error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let value: unknown;
        try {
          value = decodeValue(bytes);
        } catch (error) {
          expect(isCrdtError(error, "invalid-value")).toBe(true);
          return;
        }
        expect(hex(encodeValue(value))).toBe(hex(bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  it("of damaged values gives a canonical value or a coded error", () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), fc.nat(255), (value, place, byte) => {
        const bytes = encodeValue(value);
        bytes[place % bytes.length] = byte;
        try {
          expect(hex(encodeValue(decodeValue(bytes)))).toBe(hex(bytes));
        } catch (error) {
          if (!isCrdtError(error, "invalid-value")) throw error;
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("allows nesting up to the limit", () => {
    let value: unknown = 1;
    for (let depth = 0; depth < VALUE_DEPTH_MAX; depth++) value = [value];
    expect(decodeValue(encodeValue(value))).toEqual(value);
    expect(() => encodeValue([value])).toThrow(/nested deeper than 64 levels/);
  });
});

describe("what cannot be stored", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = [cycle];
  class Point {
    x = 1;
  }
  const cases: [string, unknown, RegExp][] = [
    ["undefined", undefined, /^value is undefined \(leave it out, or store null\)/],
    ["a missing property", { a: { b: [1, undefined] } }, /^value\.a\.b\[1\] is undefined/],
    [
      "what follows good ones",
      { good: { list: [[1], { a: 1 }] }, bad: [[1], { a: 1 }, undefined] },
      /^value\.bad\[2\] is/,
    ],
    ["a function", { "two words": () => 1 }, /^value\["two words"\] is a function/],
    ["a symbol", Symbol("s"), /^value is a symbol/],
    ["a Date", [new Date(0)], /^value\[0\] is a Date \(store date\.getTime\(\)/],
    ["a Map", new Map(), /^value is a Map/],
    ["a Set", new Set(), /^value is a Set/],
    ["an instance", new Point(), /^value is an instance of Point/],
    ["other views", new Float64Array(1), /^value is binary data of type Float64Array \(store a Uint8Array/],
    ["a cycle", cycle, /^value\.self\[0\] contains itself/],
    ["an array of numbers as its buffer", new ArrayBuffer(1), /^value is binary data of type ArrayBuffer/],
    ["something without a class", Object.create(Object.create({})), /^value is an instance of/],
    // biome-ignore lint/suspicious/noSparseArray: that is the case
    ["a hole", [1, , 3], /^value\[1\] is a hole in a sparse array/],
  ];
  it.each(cases)("%s is refused, naming the place", (_name, value, message) => {
    expect(() => encodeValue(value)).toThrow(message);
    expect(() => encodeValue(value)).toThrow(expect.objectContaining({ code: "invalid-value" }));
  });

  it("objects without a prototype and Buffers can", () => {
    expect(decodeValue(encodeValue(Object.assign(Object.create(null), { a: 1 })))).toEqual({ a: 1 });
    expect(decodeValue(encodeValue(Buffer.from([1])))).toEqual(new Uint8Array([1]));
  });
});

it("the JSON view turns bigints into digits and bytes into base64", () => {
  expect(JSON.stringify(jsonView({ a: [1n, new Uint8Array([255, 0])], b: null, c: "x" }))).toBe(
    '{"a":["1","/wA="],"b":null,"c":"x"}',
  );
});
