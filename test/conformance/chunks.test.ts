// Series chunks: what goes in comes out bit for bit, the second decoder reads the same, sizes are what the format promises,
// and everything that is no chunk is refused without a change.
import { beforeAll, expect, it } from "vitest";
import type { Engine, PointTable } from "../../host/engine/engine.ts";
import { CHUNK_POINTS_MAX } from "../../host/limits.ts";
import { bitsOfColumn, COUNTS, everyKind, type Points, pointsOf } from "./chunk-points.ts";
import { codeOf } from "./documents.ts";
import { describeEngines } from "./engines.ts";
import { decodeChunkPlainly } from "./plain-chunk.ts";

describeEngines("series chunks", (create) => {
  let engine: Engine;
  let table: PointTable;
  beforeAll(async () => {
    engine = await create();
    table = engine.createPointTable(2 * CHUNK_POINTS_MAX);
  });

  const encode = ({ times, values }: Points): Uint8Array => {
    table.clear();
    table.append(times, values);
    return table.encodeChunk(0, times.length).slice();
  };
  const decode = (bytes: Uint8Array): Points => {
    table.clear();
    const count = table.decodeChunk(bytes);
    expect(count).toBe(table.length);
    const points = { times: new Float64Array(count), values: new Float64Array(count) };
    table.read(0, points.times, points.values);
    return points;
  };
  const expectSame = (
    found: { times: ArrayLike<number>; values: ArrayLike<number> },
    wanted: Points,
  ): void => {
    expect(bitsOfColumn(Float64Array.from(found.times))).toBe(bitsOfColumn(wanted.times));
    expect(bitsOfColumn(Float64Array.from(found.values))).toBe(bitsOfColumn(wanted.values));
  };

  it.each([...everyKind()])(
    "%s times, values %s: come back, and the second decoder agrees",
    (times, values) => {
      for (const count of COUNTS) {
        const points = pointsOf(times, values, count, count);
        const bytes = encode(points);
        expectSame(decode(bytes), points);
        expectSame(decodeChunkPlainly(bytes), points);
      }
    },
  );

  it("summaries are those of the points", () => {
    for (const [times, values] of everyKind()) {
      const points = pointsOf(times, values, 300);
      const bytes = encode(points);
      const { count, sum, minimum, maximum } = table.reduce(0, 300);
      const summary = engine.summarizeChunk(bytes);
      expect(Object.values(summary).length).toBe(8);
      expect(bitsOfColumn([summary.count, summary.sum, summary.minimum, summary.maximum])).toBe(
        bitsOfColumn([count, sum, minimum, maximum]),
      );
      expect([summary.firstTime, summary.lastTime]).toEqual([points.times[0], points.times[299]]);
      expect(bitsOfColumn([summary.firstValue, summary.lastValue])).toBe(
        bitsOfColumn([points.values[0]!, points.values[299]!]),
      );
    }
  });

  it("a full chunk keeps its size, and one point more is refused", () => {
    const bytesAPoint = (times: string, values: string): number => {
      const points = pointsOf(times, values, CHUNK_POINTS_MAX);
      const bytes = encode(points);
      expectSame(decode(bytes), points);
      return bytes.length / CHUNK_POINTS_MAX;
    };
    expect(bytesAPoint("regular", "two decimals")).toBeLessThan(0.8);
    expect(bytesAPoint("regular", "constant")).toBeLessThan(0.04);
    expect(bytesAPoint("jittered", "two decimals")).toBeLessThan(1.8);
    expect(bytesAPoint("seconds", "integers")).toBeLessThan(2.4);
    expect(bytesAPoint("regular", "single precision")).toBeLessThan(4.6);
    expect(bytesAPoint("wide", "random bits")).toBeLessThan(16.1);
    const points = pointsOf("regular", "counter", CHUNK_POINTS_MAX + 1);
    expect(codeOf(() => encode(points))).toBe("limit-exceeded");
  });

  it("one point is small", () => {
    const sizeOf = (time: number, value: number): number => {
      const points = { times: Float64Array.of(time), values: Float64Array.of(value) };
      const bytes = encode(points);
      expectSame(decode(bytes), points);
      return bytes.length;
    };
    expect(sizeOf(1_700_000_000_000, 21.53)).toBe(10);
    expect(sizeOf(1_700_000_000_000, Math.PI)).toBe(16);
    expect(sizeOf(0, 0)).toBe(4);
    expect(sizeOf(-Number.MAX_SAFE_INTEGER, -0)).toBe(18);
  });

  it("a chunk is appended behind what is there, and rows out of order are no chunk", () => {
    const bytes = encode(pointsOf("regular", "counter", 200));
    table.clear();
    table.decodeChunk(bytes);
    table.decodeChunk(bytes);
    expect(table.length).toBe(400);
    expect(codeOf(() => table.encodeChunk(0, 400))).toBe("invalid-argument");
    expect(table.encodeChunk(200, 400)).toEqual(bytes);
    expect(codeOf(() => table.encodeChunk(5, 5))).toBe("invalid-argument");
    expect(codeOf(() => table.encodeChunk(-1, 5))).toBe("invalid-argument");
    expect(codeOf(() => table.encodeChunk(0, 401))).toBe("invalid-argument");
    const small = engine.createPointTable(199);
    expect(codeOf(() => small.decodeChunk(bytes))).toBe("limit-exceeded");
    expect(small.length).toBe(0);
    small.close();
    expect(codeOf(() => small.decodeChunk(bytes))).toBe("document-closed");
    expect(codeOf(() => small.encodeChunk(0, 0))).toBe("document-closed");
    expect(codeOf(() => small.mergeRuns(Uint32Array.of(0)))).toBe("document-closed");
  });

  it.each([
    ["no bytes", ""],
    ["no points", "00000000"],
    ["more points than a chunk has", "81800100000000"],
    ["a coding byte only", "01"],
    ["an unknown scale", "010a0000"],
    ["a coding above the known", "01800000"],
    ["an unknown kind of times", "0230000000000000"],
    ["a unit for one point", "01100000"],
    ["wide times without need", "022000020000000000"],
    ["exceptions of values that are not scaled", `024f0000${"00".repeat(8)}00000000`],
    ["a first time of minus nothing", "01000100"],
    ["a varint that is not minimal", "0100800000"],
    ["a byte left over", "0100000000"],
    ["a byte missing", "010000"],
    ["a value that is no number", `010f00${"00".repeat(6)}f87f`],
    ["times that end early", "020000050000040000"],
    ["times that go beyond", "020000030000040000"],
    ["bits left over", "03000003000101000006"],
    ["an exception among few", "02400001000001000001000000000000000000"],
  ])("%s: refused", (_, digits) => {
    const bytes = Uint8Array.from(Buffer.from(digits, "hex"));
    expect(() => decodeChunkPlainly(bytes)).toThrow("malformed chunk");
    const good = encode(pointsOf("regular", "counter", 3));
    table.clear();
    table.decodeChunk(good);
    expect(codeOf(() => table.decodeChunk(bytes))).toBe("malformed-delta");
    expect(codeOf(() => engine.summarizeChunk(bytes))).toBe("malformed-delta");
    expect(table.length).toBe(3);
    expect(table.encodeChunk(0, 3)).toEqual(good);
  });

  it("bytes longer than any chunk are refused", () => {
    const bytes = new Uint8Array(2 ** 20);
    expect(codeOf(() => table.decodeChunk(bytes))).toBe("malformed-delta");
    expect(codeOf(() => engine.summarizeChunk(bytes))).toBe("malformed-delta");
  });
});
