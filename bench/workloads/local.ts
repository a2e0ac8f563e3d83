// Single local calls through the public interface, a thousand in each of twenty turns of the event loop, the ends of
// the turns (when they become one delta) included. A fresh document each time, with ten thousand settings; elements
// are all new.
import { counter, createReplica, type Document, map, schema, set } from "../../host/index.ts";
import { collectGarbage, elapsedNsAsync, repeat } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

const KEYS = 10_000;
const CALLS_PER_TURN = 1_000;
const TURNS = 20;

const Home = schema({
  settings: map<Record<string, { id: number; name: string; on: boolean }>>(),
  tags: set<string>(),
  visits: counter(),
});
type HomeDocument = Document<typeof Home>;

const settingOf = (index: number) => ({ id: index, name: `user ${index}`, on: index % 2 === 0 });
const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Calls {
  /** One call; `index` counts over all calls of a process. */
  readonly call: (home: HomeDocument, index: number) => void;
  /** What there is to see after `calls` calls. */
  readonly check: (home: HomeDocument, calls: number) => string;
}

const calls: Readonly<Record<string, Calls>> = {
  "map-set-local": {
    call: (home, index) => home.settings.set(keyOf(index), settingOf(index)),
    check: (home) => `${home.settings.size} ${home.settings.get(keyOf(1))?.name.startsWith("user")}`,
  },
  "map-get-local": {
    call: (home, index) => {
      if (home.settings.get(keyOf(index)) === undefined) throw new Error("a setting is missing");
    },
    check: (home) => `${home.settings.size}`,
  },
  "set-add-local": {
    call: (home, index) => {
      home.tags.add(elements[index] as string);
    },
    check: (home, count) => `${home.tags.size === count}`,
  },
  "counter-increment-local": {
    call: (home) => home.visits.increment(),
    check: (home, count) => `${home.visits.value === count}`,
  },
};

const keys = Array.from({ length: KEYS }, (_, index) => `profile/user:${index}`);
const elements = Array.from({ length: CALLS_PER_TURN * TURNS }, (_, index) => `element ${index}`);
const keyOf = (index: number): string => keys[(index * 7) % KEYS] as string;

async function run(name: string, { competitor, isQuick }: Circumstances): Promise<Outcome> {
  const { call, check } = calls[name] as Calls;
  const replica = await createReplica({ engine: competitor as "wasm" | "baseline" });
  const perTurn = isQuick ? 10 : CALLS_PER_TURN;
  const repetition = isQuick
    ? { warmups: 0, samplesMin: 1, budgetMs: 0 }
    : { warmups: 4, samplesMin: 8, budgetMs: 800 };
  let documents = 0;
  const checks = new Set<string>();
  const { time = Number.NaN } = await repeat(repetition, async () => {
    documents += 1;
    const home = await replica.open(`home ${documents}`, Home);
    home.settings.setMany(keys.map((key, index) => [key, settingOf(index)] as const));
    await turnEnd();
    collectGarbage();
    const elapsed = await elapsedNsAsync(async () => {
      for (let turn = 0; turn < TURNS; turn += 1) {
        for (let index = 0; index < perTurn; index += 1) call(home, turn * perTurn + index);
        await turnEnd();
      }
    });
    checks.add(check(home, perTurn * TURNS));
    await home.close();
    return { time: elapsed };
  });
  const n = perTurn * TURNS;
  return { samples: [{ workload: name, n, nsPerOp: time / n }], check: [...checks].join(" | ") };
}

export const locals: readonly Workload[] = Object.keys(calls).map((name) => ({
  name,
  competitors: ["baseline", "wasm"],
  rounds: 5,
  run: (circumstances) => run(name, circumstances),
}));
