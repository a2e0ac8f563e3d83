// The constants the module exports, by their names: which status means which error code, what was refused, which
// invariant is broken. Checked against the host's own tables once, at start: a mismatch is `abi-mismatch`.
import { CrdtError, ERROR_CODES, type ErrorCode } from "../../errors.ts";
import { CONTAINER_TYPES, OPCODES, RELATIONS, SERIES_REQUESTS } from "../engine.ts";
import { ABI_VERSION } from "./wasm-exports.ts";

export interface WasmConstants {
  readonly ok: number;
  readonly noHandle: number;
  readonly summaryBytes: number;
  readonly mergeChanged: number;
  readonly mergeAhead: number;
  readonly mergeOwnRose: number;
  /** Error codes by status. */
  readonly codes: ReadonlyMap<number, ErrorCode>;
  /** What a refusal can be about, in words, by subject. */
  readonly subjects: ReadonlyMap<number, string>;
  /** Invariants in words, by number. */
  readonly invariants: ReadonlyMap<number, string>;
}

/** Errors: abi-mismatch. */
export function readConstants(exports: WebAssembly.Exports): WasmConstants {
  const numbers = new Map<string, number>();
  for (const [name, value] of Object.entries(exports)) {
    if (value instanceof WebAssembly.Global) numbers.set(name, value.value >>> 0);
  }
  const version = numbers.get("ABI_VERSION");
  if (version !== ABI_VERSION) throw mismatch(`ABI version ${version}`, `version ${ABI_VERSION}`);
  checkTable(numbers, "TYPE_", CONTAINER_TYPES);
  checkTable(numbers, "OPCODE_", OPCODES);
  checkTable(numbers, "RELATION_", RELATIONS);
  checkTable(numbers, "SERIES_", SERIES_REQUESTS);
  const codes = new Map<number, ErrorCode>();
  for (const [status, name] of namesOf(numbers, "STATUS_", "-")) {
    if (name === "ok") continue;
    const code = ERROR_CODES.find((known) => known === name);
    if (code === undefined) throw mismatch(`status ${name}`, "error codes that do not have it");
    codes.set(status, code);
  }
  return {
    ok: numbers.get("STATUS_OK") ?? 0,
    noHandle: numbers.get("NO_HANDLE") ?? 0,
    summaryBytes: numbers.get("SUMMARY_BYTES") ?? 0,
    mergeChanged: numbers.get("MERGE_CHANGED") ?? 0,
    mergeAhead: numbers.get("MERGE_AHEAD") ?? 0,
    mergeOwnRose: numbers.get("MERGE_OWN_ROSE") ?? 0,
    codes,
    subjects: namesOf(numbers, "SUBJECT_", " "),
    invariants: namesOf(numbers, "INVARIANT_", " "),
  };
}

function namesOf(
  numbers: ReadonlyMap<string, number>,
  prefix: string,
  separator: string,
): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, value] of numbers) {
    if (!name.startsWith(prefix)) continue;
    names.set(value, name.slice(prefix.length).toLowerCase().replaceAll("_", separator));
  }
  return names;
}

function checkTable(
  numbers: ReadonlyMap<string, number>,
  prefix: string,
  expected: Readonly<Record<string, number>>,
): void {
  for (const [name, value] of Object.entries(expected)) {
    const exportName = prefix + name.toUpperCase().replaceAll("-", "_");
    const found = numbers.get(exportName);
    if (found !== value) throw mismatch(`${exportName} = ${found}`, `${value}`);
  }
}

function mismatch(found: string, wanted: string): CrdtError {
  return new CrdtError(
    "abi-mismatch",
    `the WebAssembly module has ${found}, this host needs ${wanted}; use the engine.wasm of the same package version`,
  );
}
