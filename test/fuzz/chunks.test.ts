// Mutated and random bytes into the decoder of series chunks: a coded error or good points, the same on both engines and by
// the second decoder, and no change where it is an error.
import { beforeAll, expect, it } from "vitest";
import type { Engine, PointTable } from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import { CHUNK_POINTS_MAX } from "../../host/limits.ts";
import { bitsOfColumn, pointsOf, TIMES, VALUES } from "../conformance/chunk-points.ts";
import { codeOf } from "../conformance/documents.ts";
import { describeEnginePairs } from "../conformance/engines.ts";
import { decodeChunkPlainly } from "../conformance/plain-chunk.ts";
import { Random } from "../laws/random.ts";

const MUTATIONS = 6000;
const NOISES = 4000;
const REFUSED = "malformed-delta";

describeEnginePairs("chunks fuzzed", (create) => {
  let engines: readonly [Engine, Engine];
  let tables: readonly PointTable[];
  const accepted = { good: 0, refused: 0 };
  beforeAll(async () => {
    engines = await create();
    tables = engines.map((engine) => engine.createPointTable(CHUNK_POINTS_MAX + 1));
  });

  function imageOf(engine: Engine, table: PointTable, bytes: Uint8Array): string {
    table.clear();
    table.append(Float64Array.of(5), Float64Array.of(0.5));
    try {
      const count = table.decodeChunk(bytes);
      const [times, values] = [new Float64Array(count), new Float64Array(count)];
      table.read(1, times, values);
      const summary = engine.summarizeChunk(bytes);
      const whole = table.reduce(1, count + 1);
      expect([summary.count, summary.firstTime, summary.lastTime]).toEqual([
        count,
        times[0],
        times[count - 1],
      ]);
      expect(bitsOfColumn([summary.sum, summary.minimum])).toBe(bitsOfColumn([whole.sum, whole.minimum]));
      return [times, values, Object.values(summary) as number[]].map(bitsOfColumn).join(" ");
    } catch (error) {
      if (!isCrdtError(error, REFUSED)) throw error;
      expect(table.length).toBe(1);
      expect(codeOf(() => engine.summarizeChunk(bytes))).toBe(REFUSED);
      return REFUSED;
    }
  }

  function judge(bytes: Uint8Array, isPlain: boolean): void {
    const [left, right] = tables.map((table, number) => imageOf(engines[number]!, table, bytes));
    const digits = bytes.length < 200 ? Buffer.from(bytes).toString("hex") : `${bytes.length} bytes`;
    expect(right, digits).toBe(left);
    if (left === REFUSED) accepted.refused++;
    else accepted.good++;
    if (!isPlain) return;
    let plain = REFUSED;
    try {
      const { times, values } = decodeChunkPlainly(bytes);
      plain = [times, values].map(bitsOfColumn).join(" ");
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("malformed chunk"))) throw error;
    }
    expect(left === REFUSED ? left : left!.split(" ").slice(0, 2).join(" "), digits).toBe(plain);
  }

  it("mutated chunks", () => {
    const random = new Random(42);
    for (let round = 0; round < MUTATIONS; round++) {
      const count = 1 + random.below(random.pick([3, 20, 70, 140, 300]));
      const points = pointsOf(
        random.pick(Object.keys(TIMES)),
        random.pick(Object.keys(VALUES)),
        count,
        round,
      );
      const table = tables[0]!;
      table.clear();
      table.append(points.times, points.values);
      judge(mutated(table.encodeChunk(0, count), random), count < 150);
    }
    expect(accepted.good).toBeGreaterThan(MUTATIONS / 20);
    expect(accepted.refused).toBeGreaterThan(MUTATIONS / 5);
  });

  it("random bytes behind a likely head", () => {
    const random = new Random(43);
    for (let round = 0; round < NOISES; round++) {
      const bytes = Uint8Array.from({ length: random.below(60) }, () =>
        random.chance(0.4) ? random.below(4) : random.below(256),
      );
      if (bytes.length > 2 && random.chance(0.9)) {
        bytes[0] = 1 + random.below(4);
        bytes[1] = random.pick([0, 2, 9, 15, 0x10, 0x12, 0x20, 0x2f, 0x40, 0x52]);
      }
      judge(bytes, true);
    }
  });

  it("every prefix, and every single byte set to anything", () => {
    const table = tables[0]!;
    for (const values of ["two decimals", "irrational", "decimals with exceptions"]) {
      const { times, values: column } = pointsOf("jittered", values, 70, 1);
      table.clear();
      table.append(times, column);
      const bytes = table.encodeChunk(0, 70).slice();
      for (let length = 0; length < bytes.length; length++) judge(bytes.subarray(0, length), false);
      for (let at = 0; at < Math.min(bytes.length, 48); at++) {
        for (let byte = 0; byte < 256; byte += 3) {
          const changed = bytes.slice();
          changed[at] = byte;
          judge(changed, false);
        }
      }
    }
  });
});

function mutated(chunk: Uint8Array, random: Random): Uint8Array {
  let bytes = chunk.slice();
  for (let change = random.below(4); change >= 0; change--) {
    const at = random.below(random.chance(0.6) ? Math.min(bytes.length, 24) : bytes.length);
    const kind = random.below(5);
    if (kind <= 1) bytes[at]! ^= 1 << random.below(8);
    else if (kind === 2) bytes[at] = random.pick([0, 1, 32, 33, 53, 54, 64, 127, 128, 255]);
    else if (kind === 3) bytes = bytes.slice(0, at + random.below(bytes.length - at + 1));
    else bytes = Uint8Array.of(...bytes.subarray(0, at), random.below(256), ...bytes.subarray(at));
    if (bytes.length === 0) break;
  }
  return bytes;
}
