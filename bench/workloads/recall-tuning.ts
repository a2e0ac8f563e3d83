// What the ranking finds in conversations it was not tuned on: for each conversation the weights are found anew from the
// others alone, by coordinate search from a plain start, and judged on the one left out. Takes half an hour.
// Needs the conversations: `npm run bench -- recall-tuning --data DIR`.
import { RECALL_WEIGHTS, type RecallWeights } from "../../host/memory/recall/index.ts";
import { CATEGORIES, type Conversation, readConversations } from "../recall/conversations.ts";
import { DEPTHS, meanRecalls, type QuestionRecall, recallsOf } from "../recall/evidence-recall.ts";
import { ours } from "../recall/searchers.ts";
import { elapsedNsAsync } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

type WeightName = keyof RecallWeights;

/** BM25 as it is usually set, a little of what adds up, and no factor at all. */
const START: RecallWeights = {
  saturation: 0.9,
  lengthPenalty: 0.4,
  sessionSaturation: 1.2,
  sessionLengthPenalty: 0.75,
  name: 1,
  asking: 1,
  member: 0.2,
  related: 0.2,
  synonym: 0.2,
  previous: 0.3,
  previousAsking: 1,
  secondPrevious: 0.2,
  next: 0.3,
  secondNext: 0.2,
  window: 0.2,
  pair: 0.2,
  session: 0.3,
  question: 1,
  ofYou: 1,
  opening: 1,
  long: 0.1,
  time: 1,
  number: 1,
  month: 1.5,
  day: 2,
  year: 1,
  speaker: 1,
};
const STEPS = [1.5, 1.25];
/** Gains below this many points are noise. */
const GAIN_MIN = 0.03;
const HOUR_MS = 3_600_000;

/** Recalls of conversations by weights, each computed once: folds ask for the same ones as long as they agree. */
class Judge {
  readonly #known = new Map<string, Promise<QuestionRecall[]>>();

  recalls(conversation: Conversation, weights: RecallWeights): Promise<QuestionRecall[]> {
    const key = `${conversation.name} ${Object.values(weights)}`;
    let recalls = this.#known.get(key);
    if (recalls === undefined) {
      recalls = recallsOf(conversation, ours(conversation.turns, weights));
      this.#known.set(key, recalls);
    }
    return recalls;
  }

  /** One number to make larger: recall at 10 counts twice as much as at 5 and at 20. */
  async value(conversations: readonly Conversation[], weights: RecallWeights): Promise<number> {
    const all: QuestionRecall[] = [];
    for (const conversation of conversations) all.push(...(await this.recalls(conversation, weights)));
    const [at5, at10, at20] = meanRecalls(all) as [number, number, number];
    return (at5 + 2 * at10 + at20) / 4;
  }
}

async function tuned(judge: Judge, conversations: readonly Conversation[]): Promise<RecallWeights> {
  let weights = START;
  let best = await judge.value(conversations, weights);
  for (const step of STEPS) {
    for (const name of Object.keys(START) as WeightName[]) {
      for (const factor of [step, 1 / step]) {
        // A step that helps is taken again, as long as it does.
        for (;;) {
          const tried = { ...weights, [name]: weights[name] * factor };
          const value = await judge.value(conversations, tried);
          if (value < best + GAIN_MIN) break;
          weights = tried;
          best = value;
        }
      }
    }
  }
  return weights;
}

async function run({ data, isQuick }: Circumstances): Promise<Outcome> {
  const conversations = readConversations(data!);
  const judge = new Judge();
  const left: QuestionRecall[] = [];
  const elapsed = await elapsedNsAsync(async () => {
    for (const conversation of conversations) {
      const others = conversations.filter((other) => other !== conversation);
      const weights = isQuick ? RECALL_WEIGHTS : await tuned(judge, others);
      left.push(...(await judge.recalls(conversation, weights)));
      process.stderr.write(`without ${conversation.name}: ${JSON.stringify(weights)}\n`);
    }
  });
  const groups: [string, readonly QuestionRecall[]][] = Object.entries(CATEGORIES).map(([category, name]) => [
    name,
    left.filter((question) => question.category === Number(category)),
  ]);
  const figures = [["all", left] as const, ...groups].flatMap(([name, questions]) =>
    meanRecalls(questions).map((value, place) => ({
      figure: `recall@${DEPTHS[place]} left out · ${name}`,
      value,
      unit: "%",
    })),
  );
  return {
    samples: [{ workload: "recall-tuning", n: left.length, nsPerOp: elapsed / left.length }],
    figures,
    check: `${left.length} questions`,
  };
}

export const recallTuning: Workload = {
  name: "recall-tuning",
  competitors: ["ours"],
  rounds: 1,
  roundMsMax: 2 * HOUR_MS,
  missing: (_, data) => (data === undefined ? "it needs recorded conversations: --data DIR" : undefined),
  run,
};
