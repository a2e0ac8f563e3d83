// In whatever order records come and however often: the index takes them in without walking through all there is for each.
import { expect, it } from "vitest";
import type { Scope } from "../../host/memory/index.ts";
import { createMember, createMembers, type Member, START_MS, said } from "./memories.ts";

const ann: Scope = { user: "ann" };
const TURNS = 20_000;
const linesOf = (word: string): string[] =>
  Array.from({ length: TURNS }, (_, place) =>
    JSON.stringify({
      kind: "turn",
      id: `t${String(place).padStart(6, "0")}`,
      session: "s1",
      speaker: "Ann",
      text: `a ${word}`,
      timeMs: START_MS - place,
    }),
  );

/** How long a search takes, which takes in what came before it. */
async function searched(member: Member, word: string): Promise<number> {
  const startedMs = performance.now();
  expect(await member.memory.search(word, { scope: ann, k: 3 })).toHaveLength(3);
  return performance.now() - startedMs;
}

it("a session that comes newest first, and comes again, costs a small multiple of one in order", async () => {
  const [one, two] = (await createMembers(2)) as [Member, Member];
  await one.memory.importLines(
    ann,
    linesOf("zebra").map((line) => line.replace(/-?\d+\}$/, `${START_MS}}`)),
  );
  const inOrderMs = await searched(one, "zebra");
  await two.memory.importLines(ann, linesOf("zebra"));
  expect(await searched(two, "zebra")).toBeLessThan(3 * inOrderMs + 200);
  await two.memory.importLines(ann, linesOf("lion"));
  expect(await searched(two, "lion")).toBeLessThan(6 * inOrderMs + 200);
  expect(await two.memory.search("zebra", { scope: ann })).toEqual([]);
  await Promise.all([one.close(), two.close()]);
});

it("a turn that is written again without an end of life has none", async () => {
  const one = await createMember();
  const [id] = await one.memory.add(ann, { ...said("a zebra"), lifetimeMs: 1_000 });
  const [line] = await one.memory.exportLines(ann);
  const { expiresMs, ...rest } = JSON.parse(line!) as Record<string, unknown>;
  expect(expiresMs).toBe(START_MS + 1_000);
  await one.memory.importLines(ann, [JSON.stringify(rest)]);
  one.clock.nowMs += 2_000;
  expect(await one.memory.search("zebra", { scope: ann })).toHaveLength(1);
  expect(await one.memory.sweep(ann)).toBe(0);
  expect((await one.memory.turn(ann, id!))!.text).toBe("a zebra");
  await one.close();
});
