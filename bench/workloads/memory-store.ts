// Adding turns to a stored memory in batches, until each batch is durable, and searching them once at the end.
import { join } from "node:path";
import { createReplica } from "../../host/index.ts";
import { createMemory } from "../../host/memory/index.ts";
import { syntheticTurns } from "../recall/synthetic-turns.ts";
import { collectGarbage, elapsedNsAsync } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

const BATCH_TURNS = 1_000;
const SCOPE = { user: "ann" };

async function run({ isQuick, dataFolder, competitor }: Circumstances): Promise<Outcome> {
  const { turns, question } = syntheticTurns(isQuick ? 2_000 : 100_000);
  const replica = await createReplica({
    engine: competitor as "wasm" | "baseline",
    storage: join(dataFolder, `memory-${competitor}-${process.pid}`),
  });
  const memory = createMemory(replica);
  await memory.add(SCOPE, { session: "warm", speaker: "Ann", text: "a first turn" });
  collectGarbage();
  const elapsed = await elapsedNsAsync(async () => {
    for (let start = 0; start < turns.length; start += BATCH_TURNS) {
      const batch = turns.slice(start, start + BATCH_TURNS);
      await memory.add(
        SCOPE,
        batch.map(({ session, speaker, text, timeMs }) => ({ session, speaker, text, timeMs })),
      );
      await memory.durable(SCOPE);
    }
  });
  const { text } = question(1);
  const rare = text.split(" ").find((word) => word.startsWith("q") && word.endsWith("x"))!;
  const found = await memory.search(text, { scope: SCOPE });
  if (!found.some((hit) => hit.kind === "turn" && hit.turn.text.includes(rare)))
    throw new Error(`${rare} is not found`);
  await memory.close();
  await replica.close();
  return {
    samples: [{ workload: "memory-store", n: turns.length, nsPerOp: elapsed / turns.length }],
    check: `${turns.length} turns`,
  };
}

export const memoryStore: Workload = {
  name: "memory-store",
  competitors: ["baseline", "wasm"],
  rounds: 1,
  run,
};
