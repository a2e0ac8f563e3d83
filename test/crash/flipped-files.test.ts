// One bit flipped somewhere in the files of LevelDB, which verifies no checksum when it reads: what is opened must be
// a true prefix with its loss reported, or be refused with store-corrupt. LevelDB aborts on some flips; that is
// loud, and no value comes of it.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPrograms, readStore, startWriter } from "./crash-processes.ts";

const FLIPS = 60;
const LIVES = 2;
const NUMBERS_A_LIFE = 100;

const root = mkdtempSync(join(tmpdir(), "jarvis-flips-"));
beforeAll(buildPrograms);
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Outcome = "whole" | "reported" | "refused" | "aborted";

test(`${FLIPS} bits flipped in the files of the database`, async () => {
  const original = join(root, "original");
  // The first life ends up in a table, the last in a write-ahead log.
  for (let life = 0; life < LIVES; life++) {
    await startWriter(original, "buffered", { count: NUMBERS_A_LIFE }).ended();
  }
  const undamaged = readStore(original).found;
  const total = undamaged !== undefined && "seen" in undamaged ? undamaged.seen.length : 0;
  expect(total).toBeGreaterThanOrEqual(LIVES * NUMBERS_A_LIFE);
  const files = readdirSync(join(original, "level")).filter((name) => /\d\.(ldb|log)$/.test(name));
  const outcomes: Record<Outcome, number> = { whole: 0, reported: 0, refused: 0, aborted: 0 };
  for (let flip = 0; flip < FLIPS; flip++) outcomes[examine(flipped(original, files, flip), total)]++;
  console.log(`${FLIPS} flips in ${files.join(", ")}: ${JSON.stringify(outcomes)}`);
  expect(outcomes.reported).toBeGreaterThan(0);
}, 300_000);

/** A copy of the store with one bit flipped; which one, `flip` decides. */
function flipped(original: string, files: readonly string[], flip: number): string {
  const copy = join(root, `flip-${flip}`);
  cpSync(original, copy, { recursive: true });
  const path = join(copy, "level", files[flip % files.length]!);
  const bytes = readFileSync(path);
  if (bytes.length > 0) bytes[(flip * 7919) % bytes.length]! ^= 1 << (flip % 8);
  writeFileSync(path, bytes);
  return copy;
}

function examine(directory: string, total: number): Outcome {
  const { signal, found } = readStore(directory);
  rmSync(directory, { recursive: true, force: true });
  if (signal === "SIGABRT" || signal === "SIGSEGV") return "aborted";
  if (found !== undefined && "code" in found) {
    expect(found.code).toBe("store-corrupt");
    return "refused";
  }
  expect(found).toBeDefined();
  const { seen, events } = found!;
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1));
  if (seen.length === total) return "whole";
  // A damaged log may take the mark of the clean close with it: the report is then that the end may be missing.
  expect(events.filter((kind) => kind !== "replica-id").length).toBeGreaterThan(0);
  return "reported";
}
