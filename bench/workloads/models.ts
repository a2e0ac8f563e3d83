// Averages over models: 64 models of 2^20 parameters weighted in f32 and exactly, and the median and trimmed mean of 16.
// "streamed" takes arrays of the JavaScript heap, the others a table that stays with the engine. The competitor `c` is
// bench/native/models.c. Times are nanoseconds a number of the input.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelKernels, ModelTable } from "../../host/engine/engine.ts";
import { openEngine } from "../engines.ts";
import {
  compile,
  HASH_START,
  hashText,
  hashWords,
  missingCompiler,
  runNative,
} from "../native-competitor.ts";
import { elapsedNs, repeat } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

const PROGRAM = "models";
const TRIM = 3;
const MEDIAN_TRIM = 7;
const UNIT = 2 ** 32;

const parametersOf = (isQuick: boolean): number => (isQuick ? 4_096 : 1_048_576);
const inputPath = (rows: number, { dataFolder }: Circumstances): string =>
  join(dataFolder, `models-${rows}.f32`);

/** Writes models of numbers within ±1. */
function writeModels(path: string, rows: number, parameters: number): void {
  const numbers = new Float32Array(rows * parameters);
  let state = 20_251_122;
  for (let index = 0; index < numbers.length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    numbers[index] = state / 2 ** 31 - 1;
  }
  writeFileSync(path, numbers);
}

function readModels(rows: number, circumstances: Circumstances): Float32Array[] {
  const parameters = parametersOf(circumstances.isQuick);
  const file = readFileSync(inputPath(rows, circumstances));
  return Array.from(
    { length: rows },
    (_, row) => new Float32Array(file.buffer, file.byteOffset + row * parameters * 4, parameters),
  );
}

interface Average {
  readonly rows: number;
  streamed(kernels: ModelKernels, models: readonly Float32Array[]): Float32Array;
  resident(kernels: ModelKernels, table: ModelTable): Float32Array;
}

const shares = (rows: number): Float32Array => new Float32Array(rows).fill(1 / rows);
const units = (rows: number): Float64Array => new Float64Array(rows).fill(UNIT);

const averages: Readonly<Record<string, Average>> = {
  "average-64x1m": {
    rows: 64,
    streamed: (kernels, models) => kernels.weightedSum(models, shares(64)),
    resident: (_, table) => table.weightedSum(shares(64)),
  },
  "average-exact": {
    rows: 64,
    streamed: (kernels, models) => {
      const sum = kernels.createSum(models[0]!.length);
      sum.add(models, units(64));
      const mean = sum.divided(64 * UNIT);
      sum.close();
      return mean;
    },
    resident: (kernels, table) => {
      const sum = kernels.createSum(table.parameters);
      table.addTo(sum, units(64));
      const mean = sum.divided(64 * UNIT);
      sum.close();
      return mean;
    },
  },
  "median-16x1m": {
    rows: 16,
    streamed: (kernels, models) => kernels.trimmedMean(models, MEDIAN_TRIM),
    resident: (_, table) => table.trimmedMean(MEDIAN_TRIM),
  },
  "trimmed-16x1m": {
    rows: 16,
    streamed: (kernels, models) => kernels.trimmedMean(models, TRIM),
    resident: (_, table) => table.trimmedMean(TRIM),
  },
};

async function prepare(rows: number, circumstances: Circumstances): Promise<void> {
  const path = inputPath(rows, circumstances);
  if (!existsSync(path)) writeModels(path, rows, parametersOf(circumstances.isQuick));
  compile(PROGRAM, circumstances);
}

async function run(name: string, average: Average, circumstances: Circumstances): Promise<Outcome> {
  const { competitor, isQuick } = circumstances;
  const { rows } = average;
  const parameters = parametersOf(isQuick);
  const n = rows * parameters;
  if (competitor === "c") {
    const inputs = [name, inputPath(rows, circumstances), rows, parameters];
    return runNative(PROGRAM, inputs, { workload: name, n }, circumstances);
  }
  const kernels = await (await openEngine(competitor)).models();
  const models = readModels(rows, circumstances);
  let pass: () => Float32Array = () => average.streamed(kernels, models);
  if (!name.endsWith("-streamed")) {
    const table = kernels.createTable(rows, parameters);
    for (const [row, model] of models.entries()) table.setRow(row, model);
    pass = () => average.resident(kernels, table);
  }
  let answer: Float32Array = new Float32Array(0);
  const repetition = { warmups: isQuick ? 0 : 3, samplesMin: isQuick ? 1 : 7, budgetMs: isQuick ? 5 : 1_500 };
  const times = await repeat(repetition, () => ({
    pass: elapsedNs(() => {
      answer = pass();
    }),
  }));
  const check = hashText(hashWords(HASH_START, new Uint32Array(answer.slice().buffer)));
  return { samples: [{ workload: name, n, nsPerOp: times.pass! / n }], check };
}

export const models: readonly Workload[] = Object.entries(averages).flatMap(([name, average]) =>
  [name, `${name}-streamed`].map((title) => ({
    name: title,
    competitors: ["baseline", "wasm", "c"],
    rounds: 5,
    missing: missingCompiler,
    prepare: (circumstances: Circumstances) => prepare(average.rows, circumstances),
    run: (circumstances: Circumstances) => run(title, average, circumstances),
  })),
);
