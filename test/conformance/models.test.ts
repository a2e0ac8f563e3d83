// Computing over models, call by call, on every engine: against plain loops that share nothing with the kernels, and bit
// for bit between the engines.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Engine, ModelKernels } from "../../host/engine/engine.ts";
import { MODEL_PARAMETERS_MAX, MODEL_ROWS_MAX } from "../../host/limits.ts";
import { codeOf } from "./documents.ts";
import { describeEnginePairs, describeEngines } from "./engines.ts";

const { fround } = Math;

/** Numbers with the awkward ones among them. */
const number = fc.oneof(
  { weight: 6, arbitrary: fc.float({ min: fround(-8), max: fround(8), noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, fround(1e-40), fround(-1e-45), 1, -1, 0.5) },
);

const models = (rowsMax: number, parametersMax = 70): fc.Arbitrary<Float32Array[]> =>
  fc
    .tuple(fc.integer({ min: 1, max: rowsMax }), fc.integer({ min: 0, max: parametersMax }))
    .chain(([rows, parameters]) =>
      fc.array(fc.array(number, { minLength: parameters, maxLength: parameters }), {
        minLength: rows,
        maxLength: rows,
      }),
    )
    .map((rows) => rows.map((row) => Float32Array.from(row)));

const bits = (numbers: Float32Array): number[] => [...new Uint32Array(numbers.slice().buffer)];
const wordsFor = (length: number): Uint32Array =>
  Uint32Array.from({ length }, (_, index) => Math.imul(index + 1, 0x9e3779b1) >>> 0);
/** Long enough for several pieces of every kernel, and no multiple of four. */
const long = (seed: number, length = 40_003): Float32Array =>
  Float32Array.from({ length }, (_, index) => Math.sin(index * 12.9898 + seed * 78.233) * 3);

function plainTrimmedMean(rows: readonly Float32Array[], trim: number): Float32Array {
  return Float32Array.from({ length: rows[0]!.length }, (_, column) => {
    const sorted = rows.map((row) => row[column]! + 0).sort((left, right) => left - right);
    const kept = sorted.slice(trim, sorted.length - trim);
    if (kept.length <= 2) return fround(fround(kept[0]! * 0.5) + fround(kept.at(-1)! * 0.5));
    return kept.reduce((sum, value) => fround(sum + value)) / kept.length;
  });
}

describeEngines("models", (create) => {
  let kernels: ModelKernels;
  beforeAll(async () => {
    kernels = await (await create()).models();
  });

  it("weightedSum adds in f32, model after model", () => {
    fc.assert(
      fc.property(models(9), (rows) => {
        const weights = Float32Array.from(rows, (_, row) => (row + 1) / 7);
        const expected = Float32Array.from({ length: rows[0]!.length }, (_, column) =>
          rows.reduce((sum, row, index) => fround(sum + fround(row[column]! * weights[index]!)), 0),
        );
        expect(bits(kernels.weightedSum(rows, weights))).toEqual(bits(expected));
        const table = kernels.createTable(rows.length, rows[0]!.length);
        for (const [row, model] of rows.entries()) table.setRow(row, model);
        expect(bits(table.weightedSum(weights))).toEqual(bits(expected));
        table.close();
      }),
    );
  });

  it("trimmedMean sorts every column, for few rows and for many", () => {
    fc.assert(
      fc.property(models(40), fc.nat(), (rows, chosen) => {
        const trim = chosen % (((rows.length - 1) >> 1) + 1);
        const expected = bits(plainTrimmedMean(rows, trim));
        expect(bits(kernels.trimmedMean(rows, trim))).toEqual(expected);
        const table = kernels.createTable(rows.length, rows[0]!.length);
        for (const [row, model] of rows.entries()) table.setRow(row, model);
        expect(bits(table.trimmedMean(trim))).toEqual(expected);
        table.close();
      }),
    );
  });

  it("an exact sum does not depend on order, grouping or who folds", () => {
    fc.assert(
      fc.property(models(9), fc.array(fc.nat()), (rows, order) => {
        const parameters = rows[0]!.length;
        const weights = rows.map((_, row) => (row * 37 + 1) * 2 ** 32);
        const whole = kernels.createSum(parameters);
        whole.add(rows, Float64Array.from(weights));
        const plain = Array.from({ length: parameters }, (_, column) =>
          rows.reduce((sum, row, index) => sum + nearest(row[column]! * weights[index]!), 0n),
        );
        expect([...whole.read()].map(BigInt)).toEqual(plain);
        const parts = [kernels.createSum(parameters), kernels.createSum(parameters)];
        const shuffled = rows
          .map((_, index) => index)
          .sort((left, right) => (order[left] ?? 0) - (order[right] ?? 0));
        for (const index of shuffled) parts[index & 1]!.add([rows[index]!], Float64Array.of(weights[index]!));
        parts[1]!.fold(parts[0]!.read());
        expect([...parts[1]!.read()]).toEqual([...whole.read()]);
        expect(bits(parts[1]!.divided(3))).toEqual(bits(whole.divided(3)));
        for (const sum of [whole, ...parts]) sum.close();
      }),
    );
  });

  it("an exact sum takes rows of a table, and may start again", () => {
    const rows = [0, 1, 2, 3, 4, 5].map((seed) => long(seed));
    const weights = Float64Array.from(rows, (_, row) => (row + 1) * 2 ** 30);
    const [direct, resident] = [kernels.createSum(40_003), kernels.createSum(40_003)];
    const table = kernels.createTable(rows.length, 40_003);
    for (const [row, model] of rows.entries()) table.setRow(row, model);
    direct.add(rows, weights);
    table.addTo(resident, weights);
    expect(resident.read()).toEqual(direct.read());
    resident.clear();
    expect(resident.read().every((sum) => Object.is(sum, 0))).toBe(true);
    for (const open of [direct, resident, table]) open.close();
  });

  it("norms, distances and the greatest magnitude", () => {
    expect(kernels.squaredNorm(Float32Array.of(3, -4))).toBe(25);
    expect(kernels.squaredDistance(Float32Array.of(1, 2, 3, 4, 5), Float32Array.of(1, 2, 3, 4, 7))).toBe(4);
    expect(kernels.greatestMagnitude(Float32Array.of(1, -7, 3))).toBe(7);
    expect(kernels.greatestMagnitude(new Float32Array(0))).toBe(0);
    expect(kernels.greatestMagnitude(Float32Array.of(1, Number.NEGATIVE_INFINITY))).toBe(
      Number.POSITIVE_INFINITY,
    );
    for (const place of [0, 3, 4, 40_002]) {
      const model = long(1);
      model[place] = Number.NaN;
      model[place === 0 ? 1 : 0] = Number.POSITIVE_INFINITY;
      expect(kernels.greatestMagnitude(model)).toBeNaN();
    }
  });

  it.each([8, 4] as const)("rounding to %i bits stays within a step and keeps the mean", (size) => {
    const values = long(5, 20_001);
    const step = fround(3 / (size === 8 ? 127 : 7));
    const read = kernels.dequantize(
      kernels.quantize(values, size, step, wordsFor(20_001)),
      size,
      step,
      20_001,
    );
    let bias = 0;
    for (const [index, value] of values.entries()) {
      expect(Math.abs(read[index]! - value)).toBeLessThan(step * 1.001);
      bias += (read[index]! - value) / 20_001;
    }
    expect(Math.abs(bias)).toBeLessThan(step / 100);
  });

  it("rounding stays within the integers", () => {
    const values = Float32Array.of(-1000, 1000, 0);
    const eight = kernels.quantize(values, 8, 1, wordsFor(3));
    expect([...kernels.dequantize(eight, 8, 1, 3)]).toEqual([-127, 127, 0]);
    const four = kernels.quantize(values, 4, 1, wordsFor(3));
    expect([...kernels.dequantize(four, 4, 1, 3)]).toEqual([-7, 7, 0]);
  });

  it("topIndices gives the greatest magnitudes, of equal ones the first", () => {
    fc.assert(
      fc.property(models(1), fc.nat(), ([values = new Float32Array(0)], chosen) => {
        const count = chosen % (values.length + 1);
        const ranked = [...values.keys()].sort(
          (left, right) => Math.abs(values[right]!) - Math.abs(values[left]!) || left - right,
        );
        const expected = ranked.slice(0, count).sort((left, right) => left - right);
        expect([...kernels.topIndices(values, count)]).toEqual(expected);
      }),
    );
    const places = kernels.topIndices(long(3), 4_000);
    expect(new Set(places).size).toBe(4_000);
  });

  describe("refuses", () => {
    const two = [new Float32Array(2), new Float32Array(2)];
    const one = Float32Array.of(1);
    const cases: readonly (readonly [string, () => unknown])[] = [
      ["no model", () => kernels.weightedSum([], one)],
      ["models of unequal lengths", () => kernels.weightedSum([two[0]!, one], Float32Array.of(1, 1))],
      ["weights that are too few", () => kernels.weightedSum(two, one)],
      ["a weight that is no number", () => kernels.weightedSum([one], Float32Array.of(Number.NaN))],
      ["trimming all", () => kernels.trimmedMean(two, 1)],
      ["trimming a part", () => kernels.trimmedMean(two, 0.5)],
      ["distances of unequal lengths", () => kernels.squaredDistance(two[0]!, one)],
      ["six bits", () => kernels.quantize(one, 6 as never, 1, wordsFor(1))],
      ["a step of 0", () => kernels.quantize(one, 8, 0, wordsFor(1))],
      ["a step whose inverse is infinite", () => kernels.quantize(one, 8, fround(1e-45), wordsFor(1))],
      ["too few words", () => kernels.quantize(two[0]!, 8, 1, wordsFor(1))],
      ["too few bytes", () => kernels.dequantize(new Uint8Array(1), 4, 1, 3)],
      ["more than there are", () => kernels.topIndices(one, 2)],
      ["a table of no rows", () => kernels.createTable(0, 1)],
      ["a row behind the last", () => kernels.createTable(1, 1).setRow(1, one)],
      ["a row of another length", () => kernels.createTable(1, 1).setRow(0, two[0]!)],
      ["a weight of 30 bits", () => kernels.createSum(1).add([one], Float64Array.of(2 ** 29 + 1))],
      ["a weight below 0", () => kernels.createSum(1).add([one], Float64Array.of(-1))],
      ["a divisor of 0", () => kernels.createSum(1).divided(0)],
      ["sums of another length", () => kernels.createSum(1).fold(new Float64Array(2))],
    ];
    it.each(cases)("%s", (_, call) => expect(codeOf(call)).toBe("invalid-argument"));

    it("what is just over a limit", () => {
      expect(codeOf(() => kernels.createSum(MODEL_PARAMETERS_MAX + 1))).toBe("limit-exceeded");
      expect(codeOf(() => kernels.createTable(MODEL_ROWS_MAX + 1, 1))).toBe("limit-exceeded");
      const many = new Array<Float32Array>(MODEL_ROWS_MAX + 1).fill(one);
      expect(codeOf(() => kernels.trimmedMean(many, 0))).toBe("limit-exceeded");
      expect(codeOf(() => kernels.createTable(MODEL_ROWS_MAX, MODEL_PARAMETERS_MAX))).toBe("limit-exceeded");
    });

    it("what is closed", () => {
      const [table, sum] = [kernels.createTable(1, 1), kernels.createSum(1)];
      for (const open of [table, sum, table, sum]) open.close();
      const calls = [
        () => table.setRow(0, one),
        () => table.weightedSum(one),
        () => table.trimmedMean(0),
        () => table.addTo(kernels.createSum(1), Float64Array.of(1)),
        () => sum.add([one], Float64Array.of(1)),
        () => sum.fold(Float64Array.of(1)),
        () => sum.read(),
        () => sum.divided(1),
        () => sum.clear(),
      ];
      for (const call of calls) expect(codeOf(call), String(call)).toBe("document-closed");
    });
  });
});

/** The nearest integer, to even where two are as near. */
function nearest(value: number): bigint {
  const down = Math.floor(value);
  const rest = value - down;
  const isUp = rest > 0.5 || (rest === 0.5 && down % 2 !== 0);
  return BigInt(isUp ? down + 1 : down);
}

describeEnginePairs("models, bit for bit", (create) => {
  let pair: readonly [ModelKernels, ModelKernels];
  beforeAll(async () => {
    const engines: readonly Engine[] = await create();
    pair = [await engines[0]!.models(), await engines[1]!.models()];
  });

  it("long models, through every kernel", () => {
    const rows = Array.from({ length: 21 }, (_, seed) => long(seed));
    const weights = Float32Array.from(rows, (_, row) => (row + 1) / 231);
    const answers = pair.map((kernels) => {
      const sum = kernels.createSum(40_003);
      sum.add(
        rows,
        Float64Array.from(rows, (_, row) => (row + 1) * 2 ** 32),
      );
      const bytes = kernels.quantize(rows[0]!, 8, fround(3 / 127), wordsFor(40_003));
      const nibbles = kernels.quantize(rows[0]!, 4, fround(3 / 7), wordsFor(40_003));
      const answer = [
        bits(kernels.weightedSum(rows, weights)),
        ...[1, 2, 7, 16, 21].map((count) =>
          bits(kernels.trimmedMean(rows.slice(0, count), (count - 1) >> 1)),
        ),
        bits(kernels.trimmedMean(rows, 4)),
        bits(kernels.trimmedMean(rows.slice(0, 16), 3)),
        [...sum.read()],
        bits(sum.divided(231 * 2 ** 32)),
        kernels.squaredNorm(rows[1]!),
        kernels.squaredDistance(rows[1]!, rows[2]!),
        kernels.greatestMagnitude(rows[1]!),
        [...bytes],
        [...nibbles],
        bits(kernels.dequantize(bytes, 8, fround(3 / 127), 40_003)),
        bits(kernels.dequantize(nibbles, 4, fround(3 / 7), 40_003)),
        [...kernels.topIndices(rows[3]!, 1_234)],
      ];
      sum.close();
      return answer;
    });
    for (const [index, answer] of answers[0]!.entries()) {
      const isEqual = JSON.stringify(answers[1]![index]) === JSON.stringify(answer);
      expect([index, isEqual]).toEqual([index, true]);
    }
  });
});
