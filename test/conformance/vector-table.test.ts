// Tables of version vectors, against the plain definition.
import { beforeAll, expect, it } from "vitest";
import { type Engine, RELATIONS } from "../../host/engine/engine.ts";
import { Random } from "../laws/random.ts";
import { codeOf } from "./documents.ts";
import { describeEngines } from "./engines.ts";

const relationOf = (row: Uint32Array, vector: Uint32Array): number => {
  const isBehind = row.some((value, column) => value < vector[column]!);
  const isAhead = row.some((value, column) => value > vector[column]!);
  if (isBehind) return isAhead ? RELATIONS.concurrent : RELATIONS.behind;
  return isAhead ? RELATIONS.ahead : RELATIONS.equal;
};

describeEngines("vector table", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });

  it.each([1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100])(
    "compares and takes minima of %i columns",
    (columns) => {
      const random = new Random(columns);
      const rows = 40;
      const table = engine.createVectorTable(rows, columns);
      expect([table.rows, table.columns]).toEqual([rows, columns]);
      const vector = Uint32Array.from({ length: columns }, () =>
        random.pick([0, 5, 0x7fffffff, 0x80000000, 0xfffffffe]),
      );
      const kept = Array.from({ length: rows }, (_, row) => {
        const sequences = vector.slice();
        if (row % 4 !== 0) {
          for (let count = 1 + (row % 3); count > 0; count--) {
            const column = random.below(columns);
            const step = row % 4 === 1 ? -1 : row % 4 === 2 ? 1 : random.pick([-1, 1]);
            sequences[column] = Math.max(0, sequences[column]! + step * random.pick([1, 3]));
          }
        }
        table.setRow(row, sequences);
        return sequences;
      });
      const relations = new Uint8Array(rows);
      table.compare(vector, relations);
      expect([...relations]).toEqual(kept.map((row) => relationOf(row, vector)));
      expect(new Set(relations).size).toBeGreaterThanOrEqual(columns > 2 ? 4 : 3);
      const minimum = vector.map((_, column) => Math.min(...kept.map((row) => row[column]!)));
      expect(table.minimum()).toEqual(minimum);
      table.close();
    },
  );

  it("rows begin as zeros, and a table may be empty", () => {
    const table = engine.createVectorTable(2, 3);
    expect(table.minimum()).toEqual(new Uint32Array(3));
    const relations = new Uint8Array(2);
    table.compare(Uint32Array.of(0, 0, 1), relations);
    expect([...relations]).toEqual([RELATIONS.behind, RELATIONS.behind]);
    table.close();
    const empty = engine.createVectorTable(0, 3);
    empty.compare(new Uint32Array(3), new Uint8Array(0));
    expect(empty.minimum()).toEqual(new Uint32Array(3));
    empty.close();
  });

  it("refuses sizes and rows that do not fit, and every call once closed", () => {
    for (const [rows, columns] of [
      [-1, 1],
      [1, -1],
      [0.5, 1],
      [1, Number.NaN],
      [2 ** 20, 2 ** 20],
    ] as const) {
      expect(
        codeOf(() => engine.createVectorTable(rows, columns)),
        `${rows} × ${columns}`,
      ).toBe("invalid-argument");
    }
    const table = engine.createVectorTable(2, 3);
    expect(codeOf(() => table.setRow(2, new Uint32Array(3)))).toBe("invalid-argument");
    expect(codeOf(() => table.setRow(-1, new Uint32Array(3)))).toBe("invalid-argument");
    expect(codeOf(() => table.setRow(0, new Uint32Array(2)))).toBe("invalid-argument");
    expect(codeOf(() => table.setRow(0, new Uint32Array(4)))).toBe("invalid-argument");
    expect(codeOf(() => table.compare(new Uint32Array(2), new Uint8Array(2)))).toBe("invalid-argument");
    expect(codeOf(() => table.compare(new Uint32Array(3), new Uint8Array(1)))).toBe("invalid-argument");
    table.close();
    expect(codeOf(() => table.setRow(0, new Uint32Array(3)))).toBe("document-closed");
    expect(codeOf(() => table.compare(new Uint32Array(3), new Uint8Array(2)))).toBe("document-closed");
    expect(codeOf(() => table.minimum())).toBe("document-closed");
  });
});
