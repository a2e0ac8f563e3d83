// Conversations made up from a seed: words by Zipf's law, sessions of two speakers, a date each. Each has a few turns with
// a word that no other has, so that a search can be checked.
import type { IndexedTurn } from "../../host/memory/recall/index.ts";

const SYLLABLES =
  "ba be bi bo da de di do fa fe ga go ka ke ki la le li lo ma me mi na ne no pa pe ra re ri sa se so ta te ti va ve".split(
    " ",
  );
const VOCABULARY = 40_000;
const WORDS_PER_TURN = 20;
const TURNS_PER_SESSION = 20;
const SPEAKERS = 400;
const SESSION_MS = 7_200_000;
const TURN_MS = 30_000;
const START_MS = 1_672_531_200_000;
/** One turn in so many has a word of its own. */
const RARE_EVERY = 97;
const COMMON = "i you we the to and of it is was that in my for so with have on what really".split(" ");

export interface SyntheticTurns {
  readonly turns: readonly IndexedTurn[];
  /** A question for one of the turns that have a word of their own. */
  question(number: number): { readonly text: string; readonly answer: string };
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The `number`-th word: those of one number in base 38 have syllables of their own. */
function wordOf(number: number): string {
  let word = "";
  for (let rest = number + SYLLABLES.length; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) {
    word += SYLLABLES[rest % SYLLABLES.length];
  }
  return word;
}

/** The rank of a word by Zipf's law: its logarithm is spread evenly. */
const zipf = (random: number): number => Math.floor(VOCABULARY ** random) - 1;
const rareWord = (place: number): string => `q${wordOf(place)}x`;

export function syntheticTurns(count: number, seed = 7): SyntheticTurns {
  const random = seededNumbers(seed);
  const speakers = Array.from({ length: SPEAKERS }, (_, number) => `J${wordOf(5_000 + number * 7)}`);
  const turns = Array.from({ length: count }, (_, place): IndexedTurn => {
    const session = Math.floor(place / TURNS_PER_SESSION);
    const pair = (session * 31) % (SPEAKERS / 2);
    const words = Array.from({ length: WORDS_PER_TURN }, () =>
      random() < 0.45 ? COMMON[Math.floor(random() * COMMON.length)]! : wordOf(zipf(random())),
    );
    if (place % RARE_EVERY === 0) words[3] = rareWord(place);
    return {
      id: `turn-${String(place).padStart(9, "0")}`,
      session: `session-${session}`,
      speaker: speakers[2 * pair + (place % 2)]!,
      text: `${words.join(" ")}${random() < 0.2 ? "?" : "."}`,
      timeMs: START_MS + session * SESSION_MS + (place % TURNS_PER_SESSION) * TURN_MS,
    };
  });
  const question = (number: number): { text: string; answer: string } => {
    const place = (number * RARE_EVERY * 13) % (count - (count % RARE_EVERY));
    const turn = turns[place - (place % RARE_EVERY)]!;
    const words = turn.text.split(/\W+/);
    const text = `When did ${turn.speaker} tell about ${rareWord(place - (place % RARE_EVERY))} and ${words[6]} ${words[7]} ${words[12]}?`;
    return { text, answer: turn.id };
  };
  return { turns, question };
}
