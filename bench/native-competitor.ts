// The competitor `c`: a program of bench/native, built with `cc -O3 -march=native` when a benchmark starts. It reads the
// same points as the engines from a file and must come to the same bits, which a hash of its results shows.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Circumstances, Outcome } from "./workload.ts";

export const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;
const SAMPLES = 15;

/** Why there is no competitor `c`; every other competitor can run. */
export function missingCompiler(competitor: string): string | undefined {
  if (competitor !== "c") return undefined;
  const { error, status } = spawnSync("cc", ["--version"], { stdio: "ignore" });
  return error === undefined && status === 0 ? undefined : "there is no C compiler (cc)";
}

const programPath = (program: string, { dataFolder }: Circumstances): string => join(dataFolder, program);

/** Builds bench/native/`program`.c where there is a compiler. */
export function compile(program: string, circumstances: Circumstances): void {
  if (missingCompiler("c") !== undefined) return;
  // Contracting a product and a sum into one rounding would change the bits.
  const flags = ["-O3", "-march=native", "-ffp-contract=off", "-std=c11", "-D_POSIX_C_SOURCE=200809L"];
  const output = programPath(program, circumstances);
  execFileSync("cc", [...flags, join("bench/native", `${program}.c`), "-o", output, "-lm"]);
}

/** Runs a built program, which prints nanoseconds a point, the hash and perhaps the bytes of its results. */
export function runNative(
  program: string,
  parameters: readonly (string | number)[],
  measured: { readonly workload: string; readonly n: number },
  circumstances: Circumstances,
): Outcome {
  const samples = circumstances.isQuick ? 1 : SAMPLES;
  const path = programPath(program, circumstances);
  const output = execFileSync(path, [...parameters, samples].map(String), { encoding: "utf8" });
  const [nsPerOp = "", check = "", bytes] = output.trim().split(" ");
  const size = bytes === undefined ? {} : { bytesPerOp: Number(bytes) / measured.n };
  return { samples: [{ ...measured, nsPerOp: Number(nsPerOp), ...size }], check };
}

/** Fowler, Noll and Vo's hash over words instead of bytes. */
export function hashWords(hash: number, words: Uint32Array): number {
  let state = hash;
  for (const word of words) state = Math.imul(state ^ word, HASH_PRIME) >>> 0;
  return state;
}

export const hashText = (hash: number): string => hash.toString(16).padStart(8, "0");
