// How much of the evidence that questions about recorded conversations need is found, by ours and by published libraries.
// Needs the conversations: `npm run bench -- recall --data DIR`; without them every competitor is left out, and it says so.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CATEGORIES, type Conversation, readConversations } from "../recall/conversations.ts";
import { DEPTHS, meanRecalls, type QuestionRecall, recallsOf } from "../recall/evidence-recall.ts";
import { SEARCHERS } from "../recall/searchers.ts";
import { elapsedNsAsync } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const PACKAGES: Readonly<Record<string, string>> = {
  minisearch: "minisearch",
  "minisearch, stems": "minisearch",
  flexsearch: "flexsearch",
  orama: "@orama/orama",
};

/** Why a library cannot take part. */
export function missingLibrary(competitor: string): string | undefined {
  const name = PACKAGES[competitor];
  if (name === undefined || existsSync(join("bench/rivals/node_modules", name))) return undefined;
  return "it is not installed; run npm install --prefix bench/rivals";
}

async function run({ competitor, data }: Circumstances): Promise<Outcome> {
  const conversations = readConversations(data!);
  const all: QuestionRecall[] = [];
  let elapsed = 0;
  for (const conversation of conversations) {
    const search = await SEARCHERS[competitor]!(conversation.turns);
    elapsed += await elapsedNsAsync(async () => {
      all.push(...(await recallsOf(conversation, search)));
    });
  }
  return {
    samples: [{ workload: "recall", n: all.length, nsPerOp: elapsed / all.length }],
    figures: figuresOf(competitor, all),
    check: checkOf(conversations),
  };
}

function figuresOf(competitor: string, all: readonly QuestionRecall[]): Figure[] {
  const groups: [string, readonly QuestionRecall[]][] = [["all", all]];
  for (const [category, name] of Object.entries(CATEGORIES)) {
    groups.push([name, all.filter((question) => question.category === Number(category))]);
  }
  return groups.flatMap(([name, questions]) =>
    meanRecalls(questions).map((value, place) => ({
      figure: `recall@${DEPTHS[place]} · ${name} · ${competitor}`,
      value,
      unit: "%",
    })),
  );
}

function checkOf(conversations: readonly Conversation[]): string {
  const sum = (count: (conversation: Conversation) => number): number =>
    conversations.reduce((total, conversation) => total + count(conversation), 0);
  return `${sum(({ questions }) => questions.length)} questions, ${sum(({ turns }) => turns.length)} turns`;
}

export const recallOfEvidence: Workload = {
  name: "recall",
  competitors: Object.keys(SEARCHERS),
  rounds: 1,
  missing: (competitor, data) =>
    data === undefined ? "it needs recorded conversations: --data DIR" : missingLibrary(competitor),
  run,
};
