// kill -9 at random moments while a replica writes, and rewrites: nothing durable() had resolved for is lost, what is
// found is a prefix of what was written, and no two lives of a store share a replica id. CRASH_KILLS and CRASH_SEED
// choose how often and when.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createReplica } from "../../host/index.ts";
import { xxhash32 } from "../../host/wire/xxhash32.ts";
import { buildPrograms, startWriter, type WriterMessage } from "./crash-processes.ts";

const kills = Number(process.env.CRASH_KILLS ?? 200);
const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
/** Lives of one directory before the next begins empty. */
const LIVES = 20;
const WRITING_MS_MAX = 100;
const STARTING_MS_MAX = 120;

const root = mkdtempSync(join(tmpdir(), "jarvis-crash-"));
beforeAll(buildPrograms);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let drawn = 0;
/** A number from 0 to 1 that the seed decides. */
const chance = () => xxhash32(Uint8Array.of(++drawn & 255, drawn >> 8), seed) / 2 ** 32;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const isOpen = (message: WriterMessage) => message.kind === "open";

/** One life in a directory; half of the directories are rewritten all the while. Starts the writer, kills it somewhere, and returns what it had said. */
async function liveAndDie(directory: string, number: number): Promise<WriterMessage[]> {
  const durability = number % 2 === 0 ? "buffered" : "flushed";
  const writer = startWriter(directory, durability, { isRewriting: number % 4 >= 2 });
  const moment = chance();
  if (moment < 0.1) await sleep(chance() * STARTING_MS_MAX);
  else {
    await writer.said((message) => message.kind === (moment < 0.3 ? "open" : "stored"));
    await sleep(chance() * WRITING_MS_MAX);
  }
  await writer.kill();
  return writer.messages;
}

test(`${kills} kills (CRASH_SEED=${seed}): nothing acknowledged is lost`, async () => {
  let acknowledged = 0;
  let killsWhileWriting = 0;
  let stored = 0;
  const ids = new Set<string>();
  for (let life = 0; life < kills; life++) {
    if (life % LIVES === 0) acknowledged = 0;
    const number = Math.floor(life / LIVES);
    const messages = await liveAndDie(join(root, `data-${number}`), number);
    for (const message of messages) {
      if (message.kind === "open") {
        expect(message.isWhole, `life ${life}`).toBe(true);
        expect(message.found, `life ${life}`).toBeGreaterThanOrEqual(acknowledged);
        expect(ids.has(message.id), `life ${life} took an id again`).toBe(false);
        expect(message.events.filter((kind) => kind !== "new-replica-id")).toEqual([]);
        ids.add(message.id);
        acknowledged = message.found;
      } else if (message.kind === "stored") {
        acknowledged = message.n;
        stored++;
      }
    }
    if (messages.some((message) => message.kind === "stored")) killsWhileWriting++;
  }
  expect(killsWhileWriting).toBeGreaterThan(kills / 2);
  console.log(
    `${kills} kills, ${killsWhileWriting} of them while writing, ${stored} acknowledgements, 0 lost`,
  );
}, 1_200_000);

test("a process that ends cleanly is found whole under the same id", async () => {
  const directory = join(root, "clean");
  const first = startWriter(directory, "buffered", { count: 500 });
  await first.ended();
  const second = startWriter(directory, "buffered", { count: 10 });
  await second.ended();
  const [opened, again] = [first, second].map((writer) => writer.messages.find(isOpen));
  const closed = first.messages.find((message) => message.kind === "closed");
  expect(again).toMatchObject({
    id: opened?.kind === "open" ? opened.id : "",
    found: closed?.kind === "closed" ? closed.n : -1,
    isWhole: true,
    events: [],
  });
});

test("a second process is refused with the directory and what to do", async () => {
  const directory = join(root, "locked");
  const writer = startWriter(directory, "buffered");
  await writer.said(isOpen);
  const refusal = await createReplica({ storage: directory }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "store-locked" });
  expect(String(refusal)).toContain(directory);
  expect(String(refusal)).toContain("close that one");
  await writer.kill();
  await (await createReplica({ storage: directory })).close();
});

test.each([
  [20_000, false],
  [8_000, true],
])(
  "a disk that fills up within %i numbers and is freed again, rewriting %s: refused, then stored, nothing lost",
  async (count, isRewriting) => {
    const directory = join(root, `full-${count}`);
    // Rewriting keeps files short: the snapshot itself must reach the limit.
    const fileKilobytesMax = isRewriting ? 48 : 256;
    const writer = startWriter(directory, "buffered", { count, fileKilobytesMax, isRewriting });
    const refused = await writer.said((message) => message.kind === "refused");
    expect(refused).toMatchObject({ code: "store-full" });
    execFileSync("prlimit", ["--pid", String(writer.process.pid), "--fsize=unlimited"]);
    const n = refused.kind === "refused" ? refused.n : 0;
    await writer.said((message) => message.kind === "stored" && message.n > n);
    await writer.ended();
    const after = startWriter(directory, "buffered", { count: 1 });
    await after.ended();
    expect(after.messages[0]).toMatchObject({ kind: "open", isWhole: true, events: [] });
    expect(after.messages[0]?.kind === "open" && after.messages[0].found).toBeGreaterThanOrEqual(count);
  },
);
