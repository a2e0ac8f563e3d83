// Ways to find turns for a question: ours, and three published libraries, used as their documentation says. Each indexes
// "speaker: text" of one conversation; ids come back best first.
import { stemmer } from "stemmer";
import { type IndexedTurn, RecallIndex, type RecallWeights, recall } from "../../host/memory/recall/index.ts";
import { STOP_WORDS } from "../../host/memory/recall/stop-words.ts";

export type Search = (question: string, k: number) => readonly string[] | Promise<readonly string[]>;
export type CreateSearch = (turns: readonly IndexedTurn[]) => Search | Promise<Search>;

const textOf = ({ speaker, text }: IndexedTurn): string => `${speaker}: ${text}`;

export function ours(turns: readonly IndexedTurn[], weights?: RecallWeights): Search {
  const index = new RecallIndex();
  for (const turn of turns) index.add(turn);
  const options = weights === undefined ? {} : { weights };
  return (question, k) => recall(index, question, { k, ...options }).map(({ id }) => id);
}

async function miniSearch(turns: readonly IndexedTurn[], isStemmed: boolean): Promise<Search> {
  const { default: MiniSearch } = await import("minisearch");
  const processTerm = (term: string): string | null => {
    const lower = term.toLowerCase();
    return STOP_WORDS.has(lower) ? null : stemmer(lower);
  };
  const index = new MiniSearch({ fields: ["text"], ...(isStemmed ? { processTerm } : {}) });
  index.addAll(turns.map((turn) => ({ id: turn.id, text: textOf(turn) })));
  return (question, k) =>
    index
      .search(question)
      .slice(0, k)
      .map(({ id }) => String(id));
}

/** With `suggest`, for by default every word of a question must be in a turn. */
async function flexSearch(turns: readonly IndexedTurn[]): Promise<Search> {
  const { default: FlexSearch } = await import("flexsearch");
  const index = new FlexSearch.Index({ tokenize: "strict" });
  for (const [place, turn] of turns.entries()) index.add(place, textOf(turn));
  return (question, k) =>
    index.search(question, { limit: k, suggest: true }).map((place) => turns[Number(place)]!.id);
}

async function orama(turns: readonly IndexedTurn[]): Promise<Search> {
  const { create, insertMultiple, search } = await import("@orama/orama");
  const index = create({ schema: { text: "string" } });
  await insertMultiple(
    index,
    turns.map((turn) => ({ id: turn.id, text: textOf(turn) })),
  );
  return async (question, k) => {
    const { hits } = await search(index, { term: question, limit: k });
    return hits.map(({ id }) => id);
  };
}

export const SEARCHERS: Readonly<Record<string, CreateSearch>> = {
  ours: (turns) => ours(turns),
  minisearch: (turns) => miniSearch(turns, false),
  "minisearch, stems": (turns) => miniSearch(turns, true),
  flexsearch: flexSearch,
  orama,
};
