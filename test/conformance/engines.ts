// The engines every suite runs on: the baseline, and the WebAssembly engine from its release, debug and scalar modules.
// What is not built is skipped, and the reason stands in the name of the skipped suite.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "vitest";
import { createBaselineEngine } from "../../host/engine/baseline/baseline-engine.ts";
import type { Engine } from "../../host/engine/engine.ts";

const root = join(import.meta.dirname, "../..");
const wasmEnginePath = join(root, "host/engine/wasm/wasm-engine.ts");
const releasePath = join(root, "host/engine/wasm/module.generated.ts");
const debugPath = join(root, "build/engine.debug.wasm");
const scalarPath = join(root, "build/engine.scalar.wasm");

interface WasmEngineModule {
  createWasmEngine(options?: { wasm?: Uint8Array }): Engine | Promise<Engine>;
}

export interface Candidate {
  readonly name: string;
  readonly missing: string | undefined;
  create(): Promise<Engine>;
}

async function createWasm(wasm?: Uint8Array): Promise<Engine> {
  const { createWasmEngine } = (await import(wasmEnginePath)) as WasmEngineModule;
  return createWasmEngine(wasm === undefined ? {} : { wasm });
}

const missing = (paths: readonly string[]): string | undefined => {
  const absent = paths.filter((path) => !existsSync(path)).map((path) => path.slice(root.length + 1));
  return absent.length === 0 ? undefined : `${absent.join(" and ")} not there; node scripts/build.mjs --wasm`;
};

const all: readonly Candidate[] = [
  { name: "baseline", missing: undefined, create: async () => createBaselineEngine() },
  { name: "wasm", missing: missing([wasmEnginePath, releasePath]), create: () => createWasm() },
  {
    name: "wasm debug",
    missing: missing([wasmEnginePath, debugPath]),
    create: () => createWasm(readFileSync(debugPath)),
  },
  {
    name: "wasm scalar",
    missing: missing([wasmEnginePath, scalarPath]),
    create: () => createWasm(readFileSync(scalarPath)),
  },
];

const chosen = process.env.ENGINES?.split(",");
/** The engines to test; `ENGINES=baseline,wasm` chooses among them. */
export const candidates = all.filter(({ name }) => chosen === undefined || chosen.includes(name));

/** Runs `suite` once for each engine. */
export function describeEngines(title: string, suite: (create: () => Promise<Engine>) => void): void {
  for (const candidate of candidates) {
    if (candidate.missing === undefined) {
      describe(`${title} · ${candidate.name}`, () => suite(candidate.create));
    } else {
      describe.skip(`${title} · ${candidate.name} (${candidate.missing})`, () => suite(candidate.create));
    }
  }
}

/** Baseline and WebAssembly engines side by side, for what compares them. */
export function describeEnginePairs(
  title: string,
  suite: (create: () => Promise<readonly [Engine, Engine]>) => void,
): void {
  for (const candidate of candidates.filter(({ name }) => name !== "baseline")) {
    const create = async () => [createBaselineEngine(), await candidate.create()] as const;
    if (candidate.missing === undefined) describe(`${title} · ${candidate.name}`, () => suite(create));
    else describe.skip(`${title} · ${candidate.name} (${candidate.missing})`, () => suite(create));
  }
}
