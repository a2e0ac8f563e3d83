// Shared facts and experience: every source keeps its own word, conflicts lower confidence, and what was learned is the
// same on every replica.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText } from "../../host/agents/assignment/canonical-text.ts";
import { makePlan } from "../../host/agents/assignment/make-plan.ts";
import { believe, type Statement } from "../../host/agents/knowledge/belief.ts";
import {
  Experience,
  type ExperienceRecord,
  estimatedDurationMs,
  learnedSkills,
  outcomesOf,
} from "../../host/agents/knowledge/experience.ts";
import { SharedFacts, type StatementRecord, statementKey } from "../../host/agents/knowledge/shared-facts.ts";
import { log, map, schema } from "../../host/index.ts";
import { STATEMENT_EVIDENCE_MAX } from "../../host/limits.ts";
import { converge, ENGINES, openGroup } from "../replica/group.ts";
import { agentOf, inputOf, taskOf } from "./assignment-generator.ts";

const Knowledge = schema({
  statements: map<Record<string, StatementRecord>>(),
  experience: log<ExperienceRecord>(),
});

async function library(engine = ENGINES[0]!) {
  const { members, documents } = await openGroup(engine, Knowledge, 2);
  const facts = documents.map(
    (document, index) =>
      new SharedFacts({ statements: document.statements, now: () => members[index]!.platform.nowMs }),
  ) as [SharedFacts, SharedFacts];
  return { documents, facts, meet: () => converge(...documents) };
}

describe.each(ENGINES)("shared facts on $name", (engine) => {
  it("keep every source's statement, with where it comes from and how sure it is", async () => {
    const { facts, meet } = await library(engine);
    const [here, there] = facts;
    here.say("relay", "port", 7070, { agent: "ada", confidence: 0.8, evidence: ["config"] });
    there.say("relay", "port", 7070, { agent: "bob", confidence: 0.5 });
    there.say("relay", "port", "7070", { agent: "cyd", confidence: 0.6 });
    meet();
    for (const each of facts) {
      const belief = each.believe("relay", "port")!;
      expect(belief.value).toBe(7070);
      expect(belief.statements.map(({ agent, evidence }) => [agent, evidence])).toEqual([
        ["ada", ["config"]],
        ["bob", []],
      ]);
      expect(belief.rivals.map(({ value }) => value)).toEqual(["7070"]);
      expect(belief.confidence).toBeLessThan(0.9);
      expect(belief.confidence + belief.rivals[0]!.confidence).toBeLessThan(1);
    }
    expect(here.believe("relay", "port")).toEqual(there.believe("relay", "port"));
    here.say("relay", "port", "7070", { agent: "ada", confidence: 0.9 });
    meet();
    expect(there.believe("relay", "port")!.value).toBe("7070");
    expect([there.retract("relay", "port", "ada"), there.retract("relay", "port", "ada")]).toEqual([
      true,
      false,
    ]);
    expect(there.about("relay").map(({ predicate }) => predicate)).toEqual(["port"]);
    expect(there.believe("relay", "host")).toBeUndefined();
  });
});

describe("belief", () => {
  const statement = (
    agent: string,
    value: unknown,
    confidence: number,
    evidence: string[] = [],
  ): Statement => {
    return { agent, value, confidence, evidence, atMs: 0 };
  };

  it("adds up sources and halves between equal ones that disagree", () => {
    expect(believe([statement("a", 1, 0.5), statement("b", 1, 0.5)])!.confidence).toBeCloseTo(0.75, 12);
    const split = believe([statement("a", 1, 0.5), statement("b", 2, 0.5)])!;
    expect(split.confidence).toBeCloseTo(1 / 3, 12);
    expect(split.rivals[0]!.confidence).toBe(split.confidence);
    expect(believe([statement("a", 1, 1), statement("b", 2, 1)])!.confidence).toBeCloseTo(0.5, 2);
    expect(believe([statement("a", 1, 0.9), statement("b", 2, 0.4)])!.value).toBe(1);
  });

  it("counts one piece of evidence once, and sources by the trust in them", () => {
    const copied = [statement("a", 1, 0.6, ["page"]), statement("b", 1, 0.5, ["page"])];
    expect(believe(copied)!.confidence).toBeCloseTo(0.6, 12);
    const trust = (agent: string): number => (agent === "a" ? 0.1 : 1);
    expect(believe([statement("a", 1, 0.9), statement("b", 2, 0.4)], trust)!.value).toBe(2);
    expect(believe([statement("a", 1, 0.9)], () => Number.NaN)!.confidence).toBe(0);
  });

  it("is the same, bit for bit, in whatever order statements come", () => {
    const statements = fc.uniqueArray(
      fc.record({
        agent: fc.string({ maxLength: 3 }),
        value: fc.constantFrom<unknown>(1, -0, 0, "1", [1], { a: 1, b: 2 }, { b: 2, a: 1 }, 1n, null),
        confidence: fc.double({ min: 0, max: 1, noNaN: true }),
        evidence: fc.constantFrom<string[]>([], ["x"], ["x", "y"], ["y", "x"]),
        atMs: fc.constant(0),
      }),
      { selector: ({ agent }) => agent, minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(statements, fc.nat(), (list, turn) => {
        const at = turn % list.length;
        const turned = [...list.slice(at), ...list.slice(0, at)].reverse();
        expect(canonicalText(believe(turned))).toBe(canonicalText(believe(list)));
        const { confidence, rivals } = believe(list)!;
        const all = rivals.reduce((sum, rival) => sum + rival.confidence, confidence);
        expect(all).toBeLessThanOrEqual(1 + 1e-12);
        expect(confidence).toBeGreaterThanOrEqual(rivals[0]?.confidence ?? 0);
      }),
      { numRuns: 200 },
    );
  });

  it("passes over statements that are none, and refuses to make such", async () => {
    const { facts, documents } = await library();
    const good = { value: 1, confidence: 0.5, evidence: [], atMs: 0 };
    const statements = documents[0]!.statements as unknown as { set(key: string, value: unknown): void };
    for (const [key, value] of [
      [statementKey("s", "p", "a"), { ...good, confidence: 2 }],
      [statementKey("s", "p", "b"), { ...good, evidence: "all" }],
      [statementKey("s", "p", "c"), { ...good, evidence: new Array(STATEMENT_EVIDENCE_MAX + 1).fill("e") }],
      [statementKey("s", "p", "d"), { ...good, atMs: 0.5 }],
      [statementKey("s", "p", "e"), 7],
      ['["s","p"]', good],
      ['[ "s", "p", "f" ]', good],
      ["{", good],
    ] as const) {
      statements.set(key, value);
    }
    expect([facts[0].malformed, facts[0].believe("s", "p")]).toEqual([8, undefined]);
    const make = (options: object) => () =>
      facts[0].say("s", "p", 1, { agent: "a", confidence: 0.5, ...options });
    expect(make({ confidence: 1.1 })).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(make({ evidence: new Array(STATEMENT_EVIDENCE_MAX + 1).fill("e") })).toThrow(
      expect.objectContaining({ code: "limit-exceeded" }),
    );
  });
});

describe("canonical text", () => {
  it("is equal for equal values and different for different ones", () => {
    const values = [
      0,
      -0,
      1,
      "1",
      1n,
      true,
      "true",
      null,
      "null",
      [],
      {},
      [1],
      { 0: 1 },
      [["a", 1]],
      { a: 1 },
    ];
    const others = [
      new Uint8Array([1]),
      "bytes(1)",
      Number.NaN,
      "NaN",
      ["{}"],
      "1n",
      "a,b",
      ["a,b"],
      ["a", "b"],
    ];
    const texts = [...values, ...others].map(canonicalText);
    expect(new Set(texts).size).toBe(texts.length);
    expect(canonicalText({ a: 1, b: [2, { d: 3, c: 4 }] })).toBe(
      canonicalText({ b: [2, { c: 4, d: 3 }], a: 1 }),
    );
  });
});

describe("experience", () => {
  const tried = (agent: string, succeeded: boolean, durationMs = 100, kind = "read"): ExperienceRecord => {
    return { agent, kind, skills: ["law"], succeeded, durationMs };
  };

  it("moves a level from what is declared to what is shown", () => {
    const none = learnedSkills([], "ada", { law: 0.9, code: 0.4 });
    expect(none).toEqual({ code: 0.4, law: 0.9 });
    const failed = Array.from({ length: 5 }, () => tried("ada", false));
    expect(learnedSkills(failed, "ada", { law: 0.9 })).toEqual({ law: 0.45 });
    const shown = Array.from({ length: 45 }, () => tried("bob", true));
    expect(learnedSkills(shown, "bob", {})).toEqual({ law: 0.9 });
    expect(learnedSkills(shown, "ada", {})).toEqual({});
  });

  it("forgets what lies outside the window, and gives the median time of what succeeded", () => {
    const records = [
      ...Array.from({ length: 60 }, () => tried("ada", false, 9_000)),
      ...[10, 30, 20, 40].map((ms) => tried("ada", true, ms)),
    ];
    expect(outcomesOf(records, "ada", "read")).toEqual({ tries: 50, successes: 4, durationMs: 25 });
    expect(outcomesOf(records, "ada", "read", { window: 3 })).toEqual({
      tries: 3,
      successes: 3,
      durationMs: 30,
    });
    expect(estimatedDurationMs(records, "read", 5)).toBe(25);
    expect(estimatedDurationMs(records, "write", 5)).toBe(5);
    expect(outcomesOf(records, "bob", "read")).toEqual({ tries: 0, successes: 0 });
  });

  it("is read alike by all, without what does not fit, and turns a plan", async () => {
    const { documents, meet } = await library();
    const [here, there] = documents.map(({ experience }) => new Experience(experience)) as [
      Experience,
      Experience,
    ];
    for (let count = 0; count < 20; count++) {
      here.record(tried("claims-much", false));
      there.record(tried("shows-it", true));
    }
    const foreign = documents[1]!.experience as unknown as { append(value: unknown): void };
    for (const fields of [
      { durationMs: Number.NaN },
      { durationMs: -1 },
      { skills: "law" },
      { succeeded: 1 },
      { note: 5 },
    ]) {
      foreign.append({ ...tried("x", true), ...fields });
    }
    foreign.append(null);
    meet();
    const { records, malformed } = here.read();
    expect([malformed, records]).toEqual([6, there.read().records]);
    const declared = { "claims-much": { law: 0.9 }, "shows-it": { law: 0.5 } };
    const agents = Object.entries(declared).map(([id, skills]) => agentOf(id, { skills }));
    const learned = agents.map((agent) => {
      return { ...agent, skills: learnedSkills(records, agent.id, agent.skills) };
    });
    const chosen = (of: typeof agents): string =>
      makePlan(inputOf(of, [taskOf("case", { prefers: { law: 1 } })])).assignments[0]!.agent;
    expect([chosen(agents), chosen(learned)]).toEqual(["claims-much", "shows-it"]);
    here.keep(3);
    meet();
    expect(there.read().records.length + there.read().malformed).toBe(3);
  });
});
