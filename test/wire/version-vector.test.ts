// Version vectors: the lattice they are, and the bytes they cross as.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReplicaId } from "../../host/wire/replica-id.ts";
import {
  isReplicaId,
  parseReplicaId,
  readReplicaId,
  replicaIdFromRandomBytes,
  writeReplicaId,
} from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";

const anyId = fc
  .tuple(fc.constantFrom(0, 1, 0xffff_ffff, 0x8000_0000), fc.integer({ min: 1, max: 6 }))
  .map(
    ([high, low]) => (high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0")) as ReplicaId,
  );
const anyVector = fc
  .array(fc.tuple(anyId, fc.integer({ min: 1, max: 0xffff_fffe })), { maxLength: 8 })
  .map((rows) => new VersionVector(rows));

describe("version vectors", () => {
  it("merge to the least that covers both", () => {
    fc.assert(
      fc.property(anyVector, anyVector, (left, right) => {
        const merged = left.clone();
        const rose = merged.merge(right);
        expect(rose).toBe(!left.covers(right));
        expect(merged.covers(left) && merged.covers(right)).toBe(true);
        for (const [id, sequence] of merged) expect(sequence).toBe(Math.max(left.get(id), right.get(id)));
        const mirrored = right.clone();
        mirrored.merge(left);
        expect(mirrored.equals(merged)).toBe(true);
      }),
    );
  });

  it("compare as covering says", () => {
    fc.assert(
      fc.property(anyVector, anyVector, (left, right) => {
        const [covers, isCovered] = [left.covers(right), right.covers(left)];
        const relation =
          covers && isCovered ? "equal" : covers ? "ahead" : isCovered ? "behind" : "concurrent";
        expect(left.compare(right)).toBe(relation);
        expect(left.equals(right)).toBe(relation === "equal");
        expect(left.distanceFrom(right) === 0).toBe(isCovered);
      }),
    );
  });

  it("are equal to none that has seen one mutation more or less of one replica", () => {
    fc.assert(
      fc.property(anyVector, fc.nat(), (vector, at) => {
        fc.pre(vector.size > 0);
        const [id, sequence] = [...vector][at % vector.size]!;
        const ahead = vector.clone();
        ahead.advance(id, sequence + 1);
        expect([vector.equals(ahead), ahead.equals(vector), vector.equals(vector.clone())]).toEqual([
          false,
          false,
          true,
        ]);
        expect(ahead.compare(vector)).toBe("ahead");
      }),
    );
  });

  it("come back from their bytes", () => {
    fc.assert(
      fc.property(anyVector, (vector) => {
        const bytes = vector.encode();
        expect(bytes.length).toBe(4 + 12 * vector.size);
        expect(VersionVector.decode(bytes).equals(vector)).toBe(true);
        expect([...VersionVector.decode(bytes).encode()]).toEqual([...bytes]);
        expect(
          new VersionVector(Object.entries(vector.toJSON()) as [ReplicaId, number][]).equals(vector),
        ).toBe(true);
      }),
    );
  });

  it("ascend by id in bytes and JSON", () => {
    const vector = new VersionVector([
      ["ffffffff00000000" as ReplicaId, 3],
      ["0000000000000001" as ReplicaId, 1],
    ]);
    expect(JSON.stringify(vector)).toBe('{"0000000000000001":1,"ffffffff00000000":3}');
    expect(Buffer.from(vector.encode()).toString("hex")).toBe(
      "02000000010000000000000001000000" + "00000000ffffffff03000000",
    );
  });

  it.each([
    ["too short", "0100", "malformed-delta"],
    ["cut off", "01000000 0100000000000000", "malformed-delta"],
    ["too long", "00000000 00", "malformed-delta"],
    ["id 0", "01000000 0000000000000000 01000000", "malformed-delta"],
    ["sequence 0", "01000000 0100000000000000 00000000", "malformed-delta"],
    ["sequence 2^32 − 1", "01000000 0100000000000000 ffffffff", "malformed-delta"],
    ["ids twice", "02000000 0100000000000000 01000000 0100000000000000 01000000", "malformed-delta"],
    ["too many replicas", "00000100", "limit-exceeded"],
  ])("refuse bytes: %s", (_name, text, code) => {
    const bytes = Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
    expect(() => VersionVector.decode(bytes)).toThrow(expect.objectContaining({ code }));
  });
});

describe("replica ids", () => {
  it("are sixteen digits that are not all zero", () => {
    expect(isReplicaId("0123456789abcdef")).toBe(true);
    for (const text of ["0000000000000000", "0123456789ABCDEF", "12", "0123456789abcdef0", 7]) {
      expect(isReplicaId(text)).toBe(false);
    }
    expect(() => parseReplicaId("12")).toThrow(/"12" is no replica id/);
  });

  it("come back from bytes, also when they share a cache slot", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 50 }),
        (numbers) => {
          const bytes = new Uint8Array(8);
          for (const number of [...numbers, ...numbers.map((value) => value ^ (1n << 63n) || 1n)]) {
            const id = number.toString(16).padStart(16, "0") as ReplicaId;
            writeReplicaId(bytes, 0, id);
            expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(number);
            expect(readReplicaId(bytes, 0)).toBe(id);
          }
        },
      ),
    );
  });

  it("from random bytes are never zero", () => {
    expect(replicaIdFromRandomBytes(new Uint8Array(8))).toBe("0000000000000001");
  });
});
