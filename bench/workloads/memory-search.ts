// Indexing and searching made-up conversations: ours with all of its ranking, and published libraries on the same text.
// A search is checked by a word that the question shares with one turn alone, which must come among the first ten.
import { RecallIndex, recall } from "../../host/memory/recall/index.ts";
import { SEARCHERS, type Search } from "../recall/searchers.ts";
import { syntheticTurns } from "../recall/synthetic-turns.ts";
import { collectGarbage, elapsedNs, elapsedNsAsync } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";
import { missingLibrary } from "./recall.ts";

const HITS = 10;

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;

function searchRun(name: string, turnsFull: number, searchesFull: number): Workload["run"] {
  return async ({ competitor, isQuick }: Circumstances): Promise<Outcome> => {
    const { turns, question } = syntheticTurns(isQuick ? 2_000 : turnsFull);
    const search = await SEARCHERS[competitor]!(turns);
    const searches = isQuick ? 10 : searchesFull;
    for (let number = 0; number < searches / 4; number++)
      await search(question(searches + number).text, HITS);
    collectGarbage();
    const times: number[] = [];
    for (let number = 0; number < searches; number++) times.push(await timedSearch(search, question(number)));
    const sorted = times.toSorted((left, right) => left - right);
    const figure = (part: number): Figure => ({
      figure: `${name} · p${part * 100} · ${competitor}`,
      value: percentile(sorted, part) / 1e6,
      unit: "ms",
    });
    const total = times.reduce((sum, time) => sum + time, 0);
    return {
      samples: [{ workload: name, n: searches, nsPerOp: total / searches }],
      figures: [figure(0.5), figure(0.95)],
      check: `${turns.length} turns, ${searches} answers`,
    };
  };
}

async function timedSearch(search: Search, asked: { text: string; answer: string }): Promise<number> {
  let found: readonly string[] = [];
  const elapsed = await elapsedNsAsync(async () => {
    found = await search(asked.text, HITS);
  });
  if (!found.includes(asked.answer)) throw new Error(`"${asked.text}" did not find ${asked.answer}`);
  return elapsed;
}

const heapBytes = (): number => {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

async function indexRun({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const { turns, question } = syntheticTurns(isQuick ? 2_000 : 100_000);
  const before = heapBytes();
  let search: Search | undefined;
  const elapsed = await elapsedNsAsync(async () => {
    search = await SEARCHERS[competitor]!(turns);
  });
  const bytes = heapBytes() - before;
  const { text, answer } = question(1);
  if (!(await search!(text, HITS)).includes(answer))
    throw new Error("the index does not find what it was given");
  return {
    samples: [{ workload: "memory-index", n: turns.length, nsPerOp: elapsed / turns.length }],
    figures: [
      { figure: `memory-index · bytes a turn · ${competitor}`, value: bytes / turns.length, unit: "bytes" },
    ],
    check: `${turns.length} turns`,
  };
}

/** One owner's search while another thousand have indexes of their own: what others hold costs nothing. */
async function scopedRun({ isQuick }: Circumstances): Promise<Outcome> {
  const owners = isQuick ? 5 : 1_000;
  const { turns, question } = syntheticTurns(isQuick ? 1_000 : 1_000_000);
  const each = turns.length / owners;
  const indexes = Array.from({ length: owners }, (_, owner) => {
    const index = new RecallIndex();
    for (let place = owner * each; place < (owner + 1) * each; place++) index.add(turns[place]!);
    return index;
  });
  const owner = new Map(turns.map(({ id }, place) => [id, Math.floor(place / each)]));
  const searches = isQuick ? 10 : 2_000;
  const times: number[] = [];
  for (let number = 0; number < searches; number++) {
    const { text, answer } = question(number);
    let found: string[] = [];
    times.push(
      elapsedNs(() => {
        found = recall(indexes[owner.get(answer)!]!, text, { k: HITS }).map(({ id }) => id);
      }),
    );
    if (!found.includes(answer)) throw new Error(`"${text}" did not find ${answer}`);
  }
  const sorted = times.toSorted((left, right) => left - right);
  const total = times.reduce((sum, time) => sum + time, 0);
  return {
    samples: [{ workload: "memory-search-scoped", n: searches, nsPerOp: total / searches }],
    figures: [{ figure: "memory-search-scoped · p95", value: percentile(sorted, 0.95) / 1e6, unit: "ms" }],
    check: `${turns.length} turns`,
  };
}

export const memorySearches: readonly Workload[] = [
  {
    name: "memory-search",
    competitors: Object.keys(SEARCHERS),
    rounds: 1,
    missing: missingLibrary,
    run: searchRun("memory-search", 100_000, 200),
  },
  {
    name: "memory-search-million",
    competitors: ["ours"],
    rounds: 1,
    run: searchRun("memory-search-million", 1_000_000, 400),
  },
  { name: "memory-search-scoped", competitors: ["ours"], rounds: 1, run: scopedRun },
  {
    name: "memory-index",
    competitors: Object.keys(SEARCHERS),
    rounds: 1,
    missing: missingLibrary,
    run: indexRun,
  },
];
