// The module itself: what it imports, what it exports, and that it and the host agree on every number.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import binaryen from "binaryen";
import { describe, expect, it } from "vitest";
import { readConstants } from "../../../host/engine/wasm/wasm-constants.ts";
import { createWasmEngine } from "../../../host/engine/wasm/wasm-engine.ts";
import { ABI_VERSION } from "../../../host/engine/wasm/wasm-exports.ts";
import { isCrdtError } from "../../../host/errors.ts";

const build = join(import.meta.dirname, "../../../build");
const MODULE_GZIP_BYTES_MAX = 60_000;

describe.each(["engine.wasm", "engine.debug.wasm", "engine.scalar.wasm"])("%s", (name) => {
  const bytes = readFileSync(join(build, name));
  const module = new WebAssembly.Module(bytes);

  it("imports nothing but env.abort: no clock, no randomness", () => {
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "abort", kind: "function" }]);
  });

  it("starts from bytes and from a compiled module", () => {
    expect(createWasmEngine({ wasm: bytes }).statistics().documents).toBe(0);
    expect(createWasmEngine({ wasm: module }).statistics().memoryBytes).toBe(16 * 1024 * 1024);
  });

  it("has a status for every error code it can give, and words for every subject and invariant", () => {
    const { exports } = new WebAssembly.Instance(module, { env: { abort: () => {} } });
    const { codes, subjects, invariants } = readConstants(exports);
    expect([...codes.values()]).toContain("malformed-delta");
    expect(subjects.size).toBeGreaterThan(20);
    expect(invariants.size).toBeGreaterThan(10);
  });
});

/** Instructions of a module by what binaryen calls them; vectors are of type v128. */
function usesVectors(name: string): boolean {
  const module = binaryen.readBinary(readFileSync(join(build, name)));
  const text = module.emitText();
  module.dispose();
  return /\bv128\b/.test(text);
}

it("the scalar module holds no vector instruction", { timeout: 120_000 }, () => {
  expect([usesVectors("engine.scalar.wasm"), usesVectors("engine.wasm")]).toEqual([false, true]);
});

it("fits the package", () => {
  expect(gzipSync(readFileSync(join(build, "engine.wasm"))).length).toBeLessThan(MODULE_GZIP_BYTES_MAX);
});

describe("constants that do not match", () => {
  const global = (value: number): WebAssembly.Global => new WebAssembly.Global({ value: "i32" }, value);

  it.each([
    [{ ABI_VERSION: global(ABI_VERSION + 1) }],
    [{ ABI_VERSION: global(ABI_VERSION), TYPE_COUNTER: global(2) }],
    [{}],
  ])("are an abi-mismatch", (exports) => {
    let caught: unknown;
    try {
      readConstants(exports);
    } catch (error) {
      caught = error;
    }
    expect(isCrdtError(caught, "abi-mismatch")).toBe(true);
  });
});
