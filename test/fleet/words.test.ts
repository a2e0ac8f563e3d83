// Words, terms and passages: cutting a text never changes what it holds.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PASSAGE_CHARACTERS_MAX, splitPassages } from "../../host/fleet/passages.ts";
import { TERM_CHARACTERS_MAX, tallyWords } from "../../host/fleet/words.ts";

function tally(text: string): { words: number; terms: string[] } {
  const terms = new Set<string>();
  return { words: tallyWords(text, terms), terms: [...terms].sort() };
}

describe("words", () => {
  test("are runs of letters, digits and marks, joined by inner apostrophes", () => {
    expect(tally("Don't stop — it's 3.5 o'clock, naïve_name café!")).toEqual({
      words: 8,
      terms: ["café", "don't", "it's", "naïve_name", "o'clock", "stop"],
    });
    expect(tally("")).toEqual({ words: 0, terms: [] });
    expect(tally("日本語 текст 🙂")).toEqual({ words: 2, terms: ["текст", "日本語"] });
  });

  test("terms are in lower case, hold a letter and are not encoded data", () => {
    const long = "a".repeat(TERM_CHARACTERS_MAX);
    expect(tally(`ONE one 123 ${long} ${long}b`)).toEqual({ words: 5, terms: [long, "one"] });
  });
});

describe("passages", () => {
  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom("\n", "\n\n", " ", "\t", "\r\n", "-", "'"),
        fc.string({ unit: "grapheme", maxLength: 9 }),
      ),
    )
    .map((parts) => parts.join(""));

  test("joined again are the text, and hold its very words and terms", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 40 }), (text, charactersMax) => {
        const passages = [...splitPassages(text, charactersMax)];
        expect(passages.join("")).toBe(text);
        const terms = new Set<string>();
        let words = 0;
        for (const passage of passages) words += tallyWords(passage, terms);
        expect({ words, terms: [...terms].sort() }).toEqual(tally(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("end at blank lines where there are any, and keep a run without white space whole", () => {
    expect([...splitPassages("one\n\ntwo\n\nthree", 11)]).toEqual(["one\n\ntwo\n\n", "three"]);
    expect([...splitPassages("one two\nthree four", 12)]).toEqual(["one two\n", "three four"]);
    const run = "x".repeat(3 * PASSAGE_CHARACTERS_MAX);
    expect([...splitPassages(`${run} y`)]).toEqual([`${run} `, "y"]);
  });
});
