// Documents of one engine for a test, closed behind it, and the reading of coded errors.
import { afterEach, expect } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import { hex, replicaId } from "./batch.ts";

export const NOW_MS = 1_700_000_000_000;
export const DRIFT_LIMIT_MS = 60_000;

/** Opens documents of the engine `engine` gives; all are checked and closed after each test. */
export function useDocuments(engine: () => Engine): (replica?: number | bigint) => EngineDocument {
  const open: EngineDocument[] = [];
  afterEach(() => {
    for (const document of open.splice(0)) {
      if (isClosed(document)) continue;
      document.checkInvariants();
      document.close();
    }
  });
  return (replica = 1) => {
    const document = engine().createDocument({
      replica: replicaId(replica),
      hashSeed: [0x12345678, 0x9abcdef0],
      driftLimitMs: DRIFT_LIMIT_MS,
    });
    open.push(document);
    return document;
  };
}

function isClosed(document: EngineDocument): boolean {
  try {
    document.clock();
    return false;
  } catch (error) {
    return isCrdtError(error, "document-closed");
  }
}

/** The code of the CrdtError that `call` throws; undefined when it throws none. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (!isCrdtError(error)) throw error;
    expect(error.message.length).toBeGreaterThan(8);
    return error.code;
  }
}

/** Everything of a document that a failed call must leave as it was. */
export function imageOf(document: EngineDocument): string {
  const parts = [document.snapshot(), document.versionVector(), document.floor()].map(hex);
  return JSON.stringify([
    ...parts,
    document.digest(),
    document.clock(),
    document.sequence(),
    document.statistics(),
  ]);
}

/** Both sides get what they lack. */
export function sync(left: EngineDocument, right: EngineDocument, nowMs: number = NOW_MS): void {
  right.merge(left.deltaSince(right.versionVector()), nowMs, false);
  left.merge(right.deltaSince(left.versionVector()), nowMs, false);
}

/** All give everything to all, and end with equal digests. */
export function syncAll(documents: readonly EngineDocument[], nowMs: number = NOW_MS): void {
  for (const document of [...documents, ...documents])
    for (const other of documents) sync(document, other, nowMs);
  expect(new Set(documents.map((document) => document.digest())).size).toBe(1);
  expect(new Set(documents.map((document) => hex(document.versionVector()))).size).toBe(1);
}
