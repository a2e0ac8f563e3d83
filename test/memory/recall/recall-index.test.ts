// The index and its ranking: what each rule of the ranking does, that hits explain themselves, and that a ranking depends on
// nothing but the turns held: neither on the order they came in, nor on what was held before.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type IndexedTurn, RecallIndex, recall } from "../../../host/memory/recall/index.ts";
import { Postings } from "../../../host/memory/recall/postings.ts";
import { Vocabulary } from "../../../host/memory/recall/vocabulary.ts";

const RUNS = Number(process.env.MEMORY_RUNS ?? 100);
const DAY_MS = 86_400_000;

function indexOf(...texts: readonly (string | Partial<IndexedTurn>)[]): RecallIndex {
  const index = new RecallIndex();
  for (const [place, text] of texts.entries())
    index.add(turnOf(place, typeof text === "string" ? { text } : text));
  return index;
}

function turnOf(place: number, given: Partial<IndexedTurn>): IndexedTurn {
  return { id: `t${place}`, session: "s", speaker: "Ann", text: "", timeMs: place * 1_000, ...given };
}

const found = (index: RecallIndex, question: string): string[] => recall(index, question).map(({ id }) => id);

describe("a search", () => {
  it("finds words in other forms, irregular ones too", () => {
    const index = indexOf("we bought a boat", { text: "the weather", session: "x" });
    expect(found(index, "Who was buying boats?")[0]).toBe("t0");
  });

  it("finds the answer behind a question that shares its words", () => {
    const index = indexOf("what colour is your boat?", "blue with stripes", {
      text: "blue whales are large",
      session: "x",
    });
    expect(found(index, "what colour is the boat").slice(0, 2)).toContain("t1");
  });

  it("prefers what the named speaker said", () => {
    const index = indexOf(
      { text: "I like tea", speaker: "Ann", session: "a" },
      { text: "I like tea", speaker: "Bob", session: "b" },
    );
    expect(found(index, "does Bob like tea")[0]).toBe("t1");
    expect(found(index, "does Ann like tea")[0]).toBe("t0");
  });

  it("prefers turns that tell a time where it is asked when", () => {
    const index = indexOf(
      { text: "I went sailing with friends", session: "a" },
      { text: "I went sailing yesterday", session: "b" },
    );
    expect(found(index, "when did they go sailing")[0]).toBe("t1");
  });

  it("prefers the month asked for, by the speaker's own clock", () => {
    const newYear = Date.UTC(2023, 0, 1);
    const index = indexOf(
      { text: "I went sailing", session: "a", timeMs: newYear, zoneMinutes: -60 },
      { text: "I went sailing", session: "b", timeMs: newYear, zoneMinutes: 60 },
    );
    expect(found(index, "who went sailing in December 2022")[0]).toBe("t0");
    expect(found(index, "who went sailing in January 2023")[0]).toBe("t1");
  });

  it("knows what belongs to a class of things", () => {
    const index = indexOf(
      { text: "I ate in Spain", session: "a" },
      { text: "I ate at home", session: "b" },
      { text: "nothing at all", session: "c" },
    );
    expect(found(index, "which countries was Ann in")[0]).toBe("t0");
  });

  it("finds nothing for stop words, unknown words and no words", () => {
    const index = indexOf("a boat");
    expect([
      found(index, "what is the"),
      found(index, "zebra"),
      found(index, ""),
      found(new RecallIndex(), "boat"),
    ]).toEqual([[], [], [], []]);
  });

  it("returns no turn that is not accepted, and still finds the others", () => {
    const index = indexOf("a boat", "boats and boats", "my boat");
    const ids = recall(index, "boat", { accepts: (slot) => index.id(slot) !== "t1" }).map(({ id }) => id);
    expect(ids.sort()).toEqual(["t0", "t2"]);
  });

  it("explains each score: parts add up, factors multiply", () => {
    const index = indexOf(
      "what is the name of your boat?",
      "it is called Albatross",
      "a fine boat",
      "when yesterday",
    );
    const hits = recall(index, "when was the boat called Albatross");
    expect(hits.length).toBeGreaterThan(1);
    for (const { score, why } of hits) {
      const sum = Object.values(why.parts).reduce((total, part) => total + part, 0);
      const product = Object.values(why.factors).reduce((total, factor) => total * factor, 1);
      expect(sum * product).toBeCloseTo(score, 10);
      const terms = Object.values(why.terms).reduce((total, term) => total + term, 0);
      expect(terms).toBeCloseTo(why.parts.own ?? 0, 10);
    }
  });

  it("leaves words of a question alone that come in no turn, however strange", () => {
    const index = indexOf("constructor __proto__ toString", { text: "don't can't won't", session: "x" });
    expect(found(index, "__proto__ constructor")).toEqual(["t0"]);
    expect(recall(index, "hasOwnProperty valueOf")).toEqual([]);
  });
});

describe("an index", () => {
  const words = fc.constantFrom(
    "boat",
    "tea",
    "Ann",
    "Bob",
    "Spain",
    "blue",
    "yesterday",
    "two",
    "photo",
    "sailing",
  );
  const turns = fc.uniqueArray(
    fc.record({
      id: fc.nat(40).map((id) => `t${id}`),
      session: fc.constantFrom("s1", "s2", "s3"),
      speaker: fc.constantFrom("Ann", "Bob"),
      text: fc
        .tuple(fc.array(words, { maxLength: 8 }), fc.boolean())
        .map(([list, asks]) => `${list.join(" ")}${asks ? "?" : ""}`),
      timeMs: fc.nat(20).map((days) => days * DAY_MS),
    }),
    { selector: ({ id }) => id, maxLength: 30 },
  );

  it("ranks the same in whatever order turns came, and whatever was held before", () => {
    fc.assert(
      fc.property(
        turns,
        turns,
        fc.infiniteStream(fc.nat()),
        fc.array(words, { maxLength: 5 }),
        (kept, others, keys, asked) => {
          const plain = new RecallIndex();
          for (const turn of kept) plain.add(turn);
          const gone = others.map((turn) => ({ ...turn, id: `gone-${turn.id}` }));
          const shuffled = [...kept, ...gone]
            .map((turn) => ({ turn, key: keys.next().value }))
            .sort((left, right) => left.key - right.key);
          const other = new RecallIndex();
          for (const { turn } of shuffled) other.add(turn);
          other.remove(gone.map(({ id }) => id));
          other.postings.checkInvariants();
          const question = `when did ${asked.join(" ")}`;
          expect(recall(other, question, { k: 40 })).toEqual(recall(plain, question, { k: 40 }));
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("keeps no term of what was removed", () => {
    const index = indexOf("a zebra with albatross", "a boat");
    expect(index.remove(["t0", "t9"])).toBe(1);
    expect(index.vocabulary.find("zebra")).toBeUndefined();
    expect([index.size, found(index, "zebra"), found(index, "boat")]).toEqual([1, [], ["t1"]]);
  });

  it("replaces a turn that comes again under its id", () => {
    const index = indexOf("a zebra");
    index.add(turnOf(0, { text: "a boat" }));
    expect([index.size, found(index, "zebra"), found(index, "boat")]).toEqual([1, [], ["t0"]]);
  });

  it("refuses a turn more than it can number", () => {
    const index = new RecallIndex(2);
    index.add(turnOf(0, { text: "a boat" }));
    index.add(turnOf(1, { text: "a boat" }));
    expect(() => index.add(turnOf(2, { text: "a boat" }))).toThrow(/index of 2 turns is full/);
    expect(found(index, "boat")).toHaveLength(2);
  });

  it("says when removed turns take more room than the rest", () => {
    const index = new RecallIndex();
    for (let place = 0; place < 2_000; place++) index.add(turnOf(place, { text: `boat ${place}` }));
    expect(index.isSparse).toBe(false);
    index.remove(Array.from({ length: 1_500 }, (_, place) => `t${place}`));
    expect(index.isSparse).toBe(true);
  });
});

describe("postings", () => {
  it("move to larger blocks, use freed ones again, and stay in order", () => {
    const postings = new Postings();
    for (let slot = 0; slot < 5_000; slot++)
      for (const list of [0, slot % 7, 300 + (slot % 11)]) {
        if (list !== 0 || slot % 7 !== 0) postings.append(list, slot, (slot % 300) + 1);
      }
    postings.append(400, 4_999, 1);
    const bytes = postings.bytes;
    postings.remove(3, () => true);
    for (let slot = 5_000; slot < 5_600; slot++) postings.append(400, slot, 1);
    postings.checkInvariants();
    expect([postings.length(3), postings.length(400), postings.bytes]).toEqual([0, 601, bytes]);
  });
});

describe("a vocabulary", () => {
  it("uses numbers again, and finds what begins alike", () => {
    const vocabulary = new Vocabulary();
    const first = vocabulary.number("photograph");
    const second = vocabulary.number("photographi");
    expect(vocabulary.related("photograph")).toEqual([second]);
    vocabulary.remove(first);
    expect([vocabulary.number("boat"), vocabulary.find("photograph"), vocabulary.size]).toEqual([
      first,
      undefined,
      2,
    ]);
  });
});
