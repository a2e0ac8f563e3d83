// Chooses and starts an engine. "auto" takes WebAssembly where it may be compiled, and the TypeScript baseline where not
// (a content security policy without `wasm-unsafe-eval`, an old browser). Where WebAssembly has no SIMD, the module built
// without it is taken. Each is loaded only when it is needed, and the WebAssembly instance is shared by all replicas
// of the process.
import { CrdtError, isCrdtError } from "../errors.ts";
import type { Engine } from "./engine.ts";

export type EngineChoice = "auto" | "wasm" | "baseline";

/** Where the module comes from; without one, the copy inside the package. */
export type WasmSource = BufferSource | WebAssembly.Module | Response | URL;

export interface LoadEngineOptions {
  readonly engine?: EngineChoice;
  readonly wasm?: WasmSource;
}

/** A module of one function that makes a vector: `i32.const 0, i8x16.splat`. */
const SIMD_MODULE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 5, 1, 0x60, 0, 1, 0x7b],
  ...[3, 2, 1, 0],
  ...[10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x0f, 0x0b],
);

let sharedEngine: Promise<Engine> | undefined;

/** An engine; its `name` says which. Errors: wasm-unavailable, abi-mismatch. */
export async function loadEngine({ engine = "auto", wasm }: LoadEngineOptions = {}): Promise<Engine> {
  if (engine === "baseline") return loadBaselineEngine();
  if (engine !== "auto" && engine !== "wasm") throw unknownEngine(engine);
  try {
    return await loadWasmEngine(wasm);
  } catch (error) {
    if (engine === "auto" && isCrdtError(error, "wasm-unavailable")) return loadBaselineEngine();
    throw error;
  }
}

async function loadBaselineEngine(): Promise<Engine> {
  const { createBaselineEngine } = await import("./baseline/baseline-engine.ts");
  return createBaselineEngine();
}

async function loadWasmEngine(source: WasmSource | undefined): Promise<Engine> {
  if (source !== undefined) return startWasmEngine(await moduleOf(source));
  sharedEngine ??= startWasmEngine(undefined);
  try {
    return await sharedEngine;
  } catch (error) {
    sharedEngine = undefined;
    throw error;
  }
}

async function startWasmEngine(wasm: BufferSource | WebAssembly.Module | undefined): Promise<Engine> {
  if (typeof WebAssembly === "undefined") throw unavailable("this platform has no WebAssembly", undefined);
  const { createWasmEngine } = await import("./wasm/wasm-engine.ts");
  try {
    const chosen = wasm ?? (await scalarModule());
    return createWasmEngine(chosen === undefined ? {} : { wasm: chosen });
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof EvalError) {
      throw unavailable(error.message, error);
    }
    throw error;
  }
}

/** The module without SIMD where this machine has none; otherwise undefined, and the one inside the package serves. */
async function scalarModule(): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (WebAssembly.validate(SIMD_MODULE)) return undefined;
  try {
    const { scalarModuleBytes } = await import("./wasm/scalar-module-bytes.ts");
    return scalarModuleBytes();
  } catch (error) {
    throw unavailable("there is no SIMD, and the module without it could not be loaded", error);
  }
}

async function moduleOf(source: WasmSource): Promise<BufferSource | WebAssembly.Module> {
  if (source instanceof URL) return moduleOf(await fetchModule(source));
  if (typeof Response !== "undefined" && source instanceof Response) {
    if (!source.ok) throw unavailable(`${source.url} answered ${source.status}`, undefined);
    return source.arrayBuffer();
  }
  return source as BufferSource | WebAssembly.Module;
}

async function fetchModule(url: URL): Promise<Response> {
  try {
    return await fetch(url);
  } catch (error) {
    throw unavailable(`${url} could not be fetched`, error);
  }
}

function unavailable(reason: string, cause: unknown): CrdtError {
  return new CrdtError(
    "wasm-unavailable",
    `the WebAssembly engine cannot start: ${reason}; allow 'wasm-unsafe-eval' in the page's policy, or choose engine "baseline"`,
    { cause },
  );
}

function unknownEngine(engine: never): CrdtError {
  return new CrdtError(
    "invalid-argument",
    `engine ${JSON.stringify(engine)}: choose "auto", "wasm" or "baseline"`,
  );
}
