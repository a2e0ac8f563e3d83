// What the files are about: the same terms whoever reads, few of them, and nothing left of what is gone.

import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { Fleet, type FleetDocument } from "../../host/fleet/schema.ts";
import { TELLING_TERMS_MAX, TermCounts, tellingTerms } from "../../host/fleet/telling-terms.ts";
import {
  dropLonelyTerms,
  fileVertex,
  forgetTopics,
  readVertex,
  tellTopics,
  termVertex,
} from "../../host/fleet/topics.ts";
import { tallyWords } from "../../host/fleet/words.ts";
import { createReplica, type Replica } from "../../host/index.ts";

const replicas: Replica[] = [];

afterEach(async () => {
  for (const replica of replicas.splice(0)) await replica.close();
});

async function open(): Promise<FleetDocument> {
  const replica = await createReplica({ engine: "baseline" });
  replicas.push(replica);
  return replica.open("fleet", Fleet);
}

function countsOf(text: string): ReadonlyMap<string, number> {
  const terms = new TermCounts();
  tallyWords(text, terms);
  return terms.counts;
}

function edgesOf({ topics }: FleetDocument): string[] {
  return topics.edges().map(({ from, to }) => `${from} ${to}`);
}

describe("telling terms", () => {
  test("are long words that come often", () => {
    const text =
      "the merge of the replicas and the merge of replicas is the merge that the convergence of replicas is";
    expect(tellingTerms(countsOf(text))).toEqual(["replicas", "convergence", "merge"]);
  });

  test("are words of letters: no identifiers, numbers or encoded data", () => {
    const text = `snake_case_name 0123456789abcdef b64encoded42data ${"verylong".repeat(4)} telling`;
    expect(tellingTerms(countsOf(text))).toEqual(["telling"]);
    expect(tellingTerms(countsOf("a be sea four 12345"))).toEqual([]);
  });

  test("are the heaviest ones in a fixed order, whatever order the words come in", () => {
    const word = fc.stringMatching(/^[a-f]{3,9}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), (words, most) => {
        const counts = countsOf(words.join(" "));
        const expected = [...counts]
          .map(([term, count]) => ({ term, weight: count * (term.length - 4) }))
          .filter(({ weight }) => weight > 0)
          .sort((left, right) => right.weight - left.weight || (left.term < right.term ? -1 : 1))
          .slice(0, most)
          .map(({ term }) => term);
        expect(tellingTerms(counts, most)).toEqual(expected);
        expect(tellingTerms(countsOf(words.toReversed().join(" ")), most)).toEqual(expected);
      }),
    );
  });
});

describe("topics", () => {
  test("join files by the terms they share", async () => {
    const fleet = await open();
    tellTopics(fleet, "a.md", countsOf("version vector, version vector"));
    tellTopics(fleet, "b.md", countsOf("a vector of numbers"));
    expect(fleet.topics.neighbours(termVertex("vector"), { direction: "in" })).toEqual([
      fileVertex("a.md"),
      fileVertex("b.md"),
    ]);
    expect(fleet.topics.vertices().map(readVertex)).toContainEqual({ kind: "term", name: "numbers" });
  });

  test("of a file that is read again are those it has now", async () => {
    const fleet = await open();
    tellTopics(fleet, "a.md", countsOf("version vector"));
    tellTopics(fleet, "a.md", countsOf("vector numbers"));
    expect(edgesOf(fleet)).toEqual(["file:a.md term:numbers", "file:a.md term:vector"]);
    expect(dropLonelyTerms(fleet)).toBe(1);
    expect(dropLonelyTerms(fleet)).toBe(0);
    expect(fleet.topics.vertices()).toEqual(["file:a.md", "term:numbers", "term:vector"]);
  });

  test("read twice at once come to the same, and cost nothing to tell again", async () => {
    const [left, right] = [await open(), await open()];
    const counts = countsOf("version vector of replicas");
    tellTopics(left, "a.md", counts);
    tellTopics(right, "a.md", counts);
    left.merge(right.deltaSince(left.versionVector()));
    right.merge(left.deltaSince(right.versionVector()));
    expect(edgesOf(left)).toEqual(edgesOf(right));
    expect(left.topics.edgeCount).toBe(3);
    const sequence = left.versionVector().get(replicas[0]!.id);
    tellTopics(left, "a.md", counts);
    expect(left.versionVector().get(replicas[0]!.id)).toBe(sequence);
  });

  test("of a file that is gone go with it", async () => {
    const fleet = await open();
    tellTopics(fleet, "a.md", countsOf("version vector"));
    tellTopics(fleet, "b.md", countsOf("vector"));
    forgetTopics(fleet, "a.md");
    forgetTopics(fleet, "never.md");
    dropLonelyTerms(fleet);
    expect(fleet.topics.vertices()).toEqual(["file:b.md", "term:vector"]);
    tellTopics(fleet, "a.md", countsOf("nothing"));
    expect(edgesOf(fleet)).toEqual(["file:a.md term:nothing", "file:b.md term:vector"]);
  });

  test("are at most a few a file, however long the text", async () => {
    const fleet = await open();
    const text = Array.from({ length: 3000 }, (_, index) => index.toString(26).replaceAll(/\d/g, "x")).join(
      "words ",
    );
    tellTopics(fleet, "long.md", countsOf(text));
    expect(fleet.topics.edgeCount).toBe(TELLING_TERMS_MAX);
    expect(fleet.topics.vertexCount).toBe(TELLING_TERMS_MAX + 1);
  });
});
