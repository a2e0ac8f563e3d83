// How many documents an engine has open: as many as there may be, and one more. The WebAssembly module opens all of them,
// by its bare exports; for the baseline, whose documents are objects of some kilobytes, the limit is made small.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { createBaselineEngine } from "../../host/engine/baseline/baseline-engine.ts";
import { WasmDocument } from "../../host/engine/wasm/wasm-document.ts";
import { WasmInstance } from "../../host/engine/wasm/wasm-instance.ts";
import { isCrdtError } from "../../host/errors.ts";
import { replicaId } from "../conformance/batch.ts";

const DOCUMENTS = vi.hoisted(() => 5);
vi.mock("../../host/limits.ts", async (original) => {
  return { ...(await original<typeof import("../../host/limits.ts")>()), DOCUMENTS_MAX: DOCUMENTS };
});

const options = { replica: replicaId(1), hashSeed: [1, 2], driftLimitMs: 60_000 } as const;

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return isCrdtError(error) ? error.code : String(error);
  }
  return "nothing";
};

it("the baseline: DOCUMENTS_MAX, and a closed one makes room", () => {
  const engine = createBaselineEngine();
  const documents = Array.from({ length: DOCUMENTS }, () => engine.createDocument(options));
  expect(codeOf(() => engine.createDocument(options))).toBe("limit-exceeded");
  documents[2]!.close();
  expect(codeOf(() => engine.createDocument(options))).toBe("nothing");
  expect(codeOf(() => engine.createDocument(options))).toBe("limit-exceeded");
});

it("WebAssembly: DOCUMENTS_MAX, 2^20, and a closed one makes room", { timeout: 300_000 }, () => {
  const wasm = readFileSync(join(import.meta.dirname, "../../build/engine.wasm"));
  const instance = new WasmInstance(wasm);
  const { exports, constants } = instance;
  let last = 0;
  for (let count = 0; count < 2 ** 20; count++) last = exports.documentCreate(1, 0, 1, 2, 60_000) >>> 0;
  expect(last).not.toBe(constants.noHandle);
  expect(exports.openDocuments()).toBe(2 ** 20);
  expect(codeOf(() => new WasmDocument(instance, options))).toBe("limit-exceeded");
  expect(exports.openDocuments()).toBe(2 ** 20);
  exports.documentClose(last);
  expect(codeOf(() => new WasmDocument(instance, options))).toBe("nothing");
  expect(codeOf(() => new WasmDocument(instance, options))).toBe("limit-exceeded");
});
