// The golden series chunks: what they hold, by the second decoder and by both engines, which write the same bytes again.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.ts";
import { describeEngines } from "./engines.ts";
import { decodeChunkPlainly } from "./plain-chunk.ts";

interface Fixture {
  readonly name: string;
  readonly about: string;
  readonly times: readonly number[];
  /** The values as little-endian doubles. */
  readonly valueBits: string;
  readonly chunk: string;
}

const path = join(import.meta.dirname, "../fixtures/series-chunk-1/fixtures.json");
const fixtures: readonly Fixture[] = JSON.parse(readFileSync(path, "utf8"));
const bytesOf = ({ chunk }: Fixture): Uint8Array => Uint8Array.from(Buffer.from(chunk, "hex"));
const bitsOf = (values: Float64Array): string => Buffer.from(values.buffer).toString("hex");

it.each(fixtures)("$name is what the page says: $about", (fixture) => {
  const { times, values } = decodeChunkPlainly(bytesOf(fixture));
  expect(times).toEqual(fixture.times);
  expect(bitsOf(Float64Array.from(values))).toBe(fixture.valueBits);
});

describeEngines("golden chunks", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });

  it.each(fixtures)("$name is read, and written again the same", (fixture) => {
    const count = fixture.times.length;
    const table = engine.createPointTable(count);
    expect(table.decodeChunk(bytesOf(fixture))).toBe(count);
    const [times, values] = [new Float64Array(count), new Float64Array(count)];
    table.read(0, times, values);
    expect([...times]).toEqual(fixture.times);
    expect(bitsOf(values)).toBe(fixture.valueBits);
    expect(Buffer.from(table.encodeChunk(0, count)).toString("hex")).toBe(fixture.chunk);
    table.close();
  });
});
