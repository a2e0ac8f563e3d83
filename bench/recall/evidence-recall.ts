// How much of the evidence of a question is among the first k turns found, as a mean over questions.
import type { Conversation, EvidenceQuestion } from "./conversations.ts";
import type { Search } from "./searchers.ts";

export const DEPTHS = [5, 10, 20] as const;

export interface QuestionRecall {
  readonly category: number;
  /** By the depths of {@link DEPTHS}: |evidence found| / |evidence|. */
  readonly recalls: readonly number[];
}

export async function recallsOf(conversation: Conversation, search: Search): Promise<QuestionRecall[]> {
  const recalls: QuestionRecall[] = [];
  for (const question of conversation.questions) {
    const found = await search(question.text, Math.max(...DEPTHS));
    recalls.push({
      category: question.category,
      recalls: DEPTHS.map((depth) => partFound(question, found, depth)),
    });
  }
  return recalls;
}

function partFound({ evidence }: EvidenceQuestion, found: readonly string[], depth: number): number {
  const first = new Set(found.slice(0, depth));
  return evidence.filter((id) => first.has(id)).length / evidence.length;
}

/** Percent, by depth. */
export function meanRecalls(questions: readonly QuestionRecall[]): number[] {
  return DEPTHS.map((_, place) => {
    let sum = 0;
    for (const { recalls } of questions) sum += recalls[place]!;
    return (100 * sum) / questions.length;
  });
}
