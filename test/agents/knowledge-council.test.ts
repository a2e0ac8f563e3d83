// Polls among agents: weights, delegation, quorum, deadline; what is decided stays decided, in every interleaving.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Council } from "../../host/agents/knowledge/council.ts";
import type { CouncilRecord, PollTerms } from "../../host/agents/knowledge/poll-record.ts";
import { pollResult, type StandingBallot } from "../../host/agents/knowledge/poll-result.ts";
import { log, type ReplicaId, schema } from "../../host/index.ts";
import { POLL_VOTERS_MAX, VOTE_OPTIONS_MAX } from "../../host/limits.ts";
import { converge, ENGINES, openGroup, pass } from "../replica/group.ts";

const RUNS = Number(process.env.JARVIS_COUNCIL_RUNS ?? 60);
const Chamber = schema({ council: log<CouncilRecord>() });
const refused = (message: RegExp) =>
  expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(message) });

async function chamber(engine = ENGINES[0]!, count = 3) {
  const { members, documents } = await openGroup(engine, Chamber, count);
  const councils = members.map(
    ({ replica }, index) => new Council({ log: documents[index]!.council, replica }),
  ) as [Council, Council, Council];
  const ids = members.map(({ replica }) => replica.id) as [ReplicaId, ReplicaId, ReplicaId];
  return { members, documents, councils, ids, meet: () => converge(...documents) };
}

const termsFor = (voters: Record<string, ReplicaId>, more: Partial<PollTerms> = {}): PollTerms => ({
  question: "which way?",
  options: ["left", "right"],
  electorate: Object.fromEntries(
    Object.entries(voters).map(([agent, replica]) => [agent, { weight: 1, replica }]),
  ),
  quorum: 0,
  rule: "majority",
  ...more,
});

describe.each(ENGINES)("a council on $name", (engine) => {
  it("counts the weights of several agents a replica, and decides by final ballots alone", async () => {
    const { councils, ids, meet } = await chamber(engine);
    const [first, second] = councils;
    const electorate = {
      ada: { weight: 3, replica: ids[0] },
      bob: { weight: 2, replica: ids[0] },
      cyd: { weight: 4, replica: ids[1] },
    };
    const poll = first.open(termsFor({}, { electorate, quorum: 5 }));
    meet();
    first.vote(poll, "ada", "left");
    expect(first.result(poll)!.status).toBe("open");
    second.vote(poll, "cyd", "left");
    meet();
    expect(first.result(poll)).toMatchObject({ status: "provisional", option: "left", total: 9 });
    second.vote(poll, "cyd", "right", { final: true });
    first.vote(poll, "ada", "left", { final: true });
    meet();
    expect(second.result(poll)!.status).toBe("open");
    first.vote(poll, "bob", "left", { final: true });
    meet();
    for (const council of councils) {
      expect(council.result(poll)).toEqual({
        status: "decided",
        option: "left",
        options: [
          { option: "left", final: 5, provisional: 5 },
          { option: "right", final: 4, provisional: 4 },
        ],
        total: 9,
        participation: { final: 9, provisional: 9 },
        circular: 0,
        isPastDeadline: false,
      });
    }
    expect(() => first.vote(poll, "ada", "right")).toThrow(refused(/final ballot/));
  });
});

describe("a poll", () => {
  it("lets weight follow delegates, to the end and not in circles", async () => {
    const { councils, ids } = await chamber();
    const [council] = councils;
    const poll = council.open(termsFor({ a: ids[0], b: ids[0], c: ids[0], d: ids[0] }));
    council.delegate(poll, "a", "b");
    council.delegate(poll, "b", "c", { final: true });
    expect(council.result(poll)!.participation.provisional).toBe(0);
    council.vote(poll, "c", "right", { final: true });
    expect(council.result(poll)).toMatchObject({
      status: "provisional",
      option: "right",
      participation: { final: 2, provisional: 3 },
    });
    council.delegate(poll, "a", "d");
    council.delegate(poll, "d", "a");
    expect(council.result(poll)).toMatchObject({ circular: 2, participation: { provisional: 2 } });
    council.vote(poll, "d", "right", { final: true });
    expect(council.result(poll)).toMatchObject({ status: "decided", option: "right", circular: 0 });
    expect(() => council.delegate(poll, "a", "a")).toThrow(refused(/cannot vote for/));
    expect(() => council.delegate(poll, "a", "nobody")).toThrow(refused(/cannot vote for/));
  });

  it("is final for who delegates only where every ballot on the way is", async () => {
    const { councils, ids } = await chamber();
    const [council] = councils;
    const through = { a: ids[0], b: ids[0], c: ids[0] };
    const poll = council.open(termsFor(through));
    council.delegate(poll, "a", "b", { final: true });
    council.delegate(poll, "b", "c");
    council.vote(poll, "c", "left", { final: true });
    expect(council.result(poll)!.participation).toEqual({ final: 1, provisional: 3 });
    council.vote(poll, "b", "right");
    expect(council.result(poll)!.participation).toEqual({ final: 1, provisional: 3 });
    expect(council.result(poll)!.status).toBe("provisional");
    council.delegate(poll, "b", "c", { final: true });
    expect(council.result(poll)).toMatchObject({ status: "decided", participation: { final: 3 } });
  });

  it("holds a voter to its first final ballot, whatever a program of its replica writes after it", async () => {
    const { councils, ids, documents } = await chamber();
    const [council] = councils;
    const poll = council.open(termsFor({ a: ids[0] }));
    council.vote(poll, "a", "left", { final: true });
    const again = { kind: "ballot", poll, voter: "a", choice: { option: "right" } } as const;
    documents[0]!.council.append({ ...again, isFinal: true });
    documents[0]!.council.append({ ...again, isFinal: false });
    expect(council.ballot(poll, "a")).toEqual({ choice: { option: "left" }, isFinal: true });
    expect(council.result(poll)).toMatchObject({ status: "decided", option: "left" });
  });

  it("needs its quorum, and is impossible once that cannot come", async () => {
    const { councils, ids } = await chamber();
    const [council] = councils;
    const through = { a: ids[0], b: ids[0], c: ids[0], d: ids[0], e: ids[0] };
    const poll = council.open(termsFor(through, { quorum: 4, rule: "lead" }));
    for (const voter of ["a", "b"]) council.vote(poll, voter, "left", { final: true });
    expect(council.result(poll)!.status).toBe("open");
    council.delegate(poll, "c", "d", { final: true });
    council.delegate(poll, "d", "c", { final: true });
    expect(council.result(poll)!.status).toBe("impossible");
  });

  it("decides by a lead that nobody can make up any more, and not before", async () => {
    const { councils, ids } = await chamber();
    const [council] = councils;
    const through = { a: ids[0], b: ids[0], c: ids[0], d: ids[0], e: ids[0] };
    const poll = council.open(termsFor(through, { rule: "lead", options: ["x", "y", "z"] }));
    for (const [voter, option] of [
      ["a", "x"],
      ["b", "x"],
      ["c", "y"],
    ] as const) {
      council.vote(poll, voter, option, { final: true });
      expect(council.result(poll)!.status).not.toBe("decided");
    }
    council.vote(poll, "d", "z", { final: true });
    expect(council.result(poll)).toMatchObject({ status: "provisional", option: "x" });
    council.vote(poll, "e", "z", { final: true });
    expect(council.result(poll)!.status).toBe("impossible");
  });

  it("passes over ballots after the deadline, and decides nothing by its passing", async () => {
    const { councils, ids, members } = await chamber();
    const [council] = councils;
    const deadlineMs = members[0]!.platform.nowMs + 1_000;
    const poll = council.open(termsFor({ a: ids[0], b: ids[0], c: ids[0] }, { deadlineMs }));
    council.vote(poll, "a", "left", { final: true });
    expect(council.result(poll, deadlineMs)).toMatchObject({ status: "open", isPastDeadline: false });
    members[0]!.platform.nowMs += 2_000;
    council.vote(poll, "b", "left", { final: true });
    expect(council.ballot(poll, "b")).toBeUndefined();
    expect(council.result(poll, deadlineMs + 1)).toMatchObject({ status: "open", isPastDeadline: true });
  });

  it("takes ballots through a voter's own replica alone, and passes over records that are none", async () => {
    const { councils, ids, documents, meet } = await chamber();
    const [first, second] = councils;
    const poll = first.open(termsFor({ a: ids[0], b: ids[0] }));
    meet();
    expect(() => second.vote(poll, "a", "left")).toThrow(refused(/votes through replica/));
    const foreign = documents[1]!.council as unknown as { append(value: unknown): void };
    const ballot = { kind: "ballot", poll, voter: "a", choice: { option: "left" }, isFinal: true };
    for (const value of [
      ballot,
      { ...ballot, isFinal: 1 },
      { ...ballot, choice: "left" },
      { kind: "poll" },
      7,
      null,
    ]) {
      foreign.append(value);
    }
    meet();
    expect(first.ballot(poll, "a")).toBeUndefined();
    expect(first.malformed).toBe(5);
    for (const attempt of [
      () => first.vote("none-1", "a", "left"),
      () => first.vote(poll, "z", "left"),
      () => first.vote(poll, "a", "up"),
    ]) {
      expect(attempt).toThrow(refused(/a ballot on/));
    }
  });

  it("is refused where its terms contradict themselves or pass a limit", async () => {
    const { councils, ids } = await chamber();
    const many = Object.fromEntries(Array.from({ length: POLL_VOTERS_MAX + 1 }, (_, i) => [`v${i}`, ids[0]]));
    const through = { a: ids[0] };
    for (const terms of [
      termsFor({}),
      termsFor(many),
      termsFor(through, { options: [] }),
      termsFor(through, { options: ["x", "x"] }),
      termsFor(through, {
        options: Array.from({ length: VOTE_OPTIONS_MAX + 1 }, (_, index) => String(index)),
      }),
      termsFor(through, { quorum: 2 }),
      termsFor(through, { rule: "loudest" as never }),
      termsFor(through, { deadlineMs: -1 }),
      termsFor(through, { electorate: { a: { weight: 0, replica: ids[0] } } }),
      termsFor(through, { electorate: { a: { weight: 1, replica: "here" as never } } }),
    ]) {
      expect(() => councils[0].open(terms)).toThrow(refused(/a poll:/));
    }
  });
});

it("no replica ever takes back what it saw decided, whatever comes in whatever order", async () => {
  const voters = ["a", "b", "c", "d"];
  const options = ["x", "y"];
  const moves = fc.array(
    fc.record({
      voter: fc.nat({ max: 3 }),
      choice: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5),
      isFinal: fc.boolean(),
      passFrom: fc.nat({ max: 2 }),
      passTo: fc.nat({ max: 2 }),
    }),
    { minLength: 8, maxLength: 40 },
  );
  const rules = fc.record({
    rule: fc.constantFrom("majority" as const, "lead" as const),
    quorum: fc.nat({ max: 4 }),
  });
  let ended = 0;
  await fc.assert(
    fc.asyncProperty(moves, rules, async (history, rule) => {
      const { councils, ids, documents, meet } = await chamber();
      const through = Object.fromEntries(voters.map((voter, index) => [voter, ids[index % 3]!]));
      const poll = councils[0].open(termsFor(through, { ...rule, options }));
      meet();
      const seen = councils.map(() => "");
      const look = (): void =>
        councils.forEach((each, index) => {
          const { status, option } = each.result(poll)!;
          const now = status === "decided" || status === "impossible" ? `${status} ${option}` : "";
          if (seen[index] !== "") expect(now).toBe(seen[index]);
          seen[index] = now;
        });
      for (const { voter, choice, isFinal, passFrom, passTo } of history) {
        // Past the checks of the council: what another version of this program might write.
        documents[voter % 3]!.council.append({
          kind: "ballot",
          poll,
          voter: voters[voter]!,
          choice: choice < 2 ? { option: options[choice]! } : { delegate: voters[choice - 2]! },
          isFinal,
        });
        look();
        if (passFrom !== passTo) pass(documents[passFrom]!, documents[passTo]!);
        look();
      }
      meet();
      look();
      expect(new Set(seen).size).toBe(1);
      expect(new Set(councils.map((each) => JSON.stringify(each.result(poll)))).size).toBe(1);
      if (seen[0] !== "") ended++;
    }),
    { numRuns: RUNS },
  );
  expect(ended).toBeGreaterThan(RUNS / 4);
});

it("a long way of delegations and a large electorate cost what they are long", () => {
  const seat = "00000000000000aa" as ReplicaId;
  const names = Array.from({ length: POLL_VOTERS_MAX }, (_, index) => `v${index}`);
  const ballots = new Map<string, StandingBallot>(
    names.map((name, index) => {
      const next = names[index + 1];
      return [
        name,
        { choice: next === undefined ? { option: "left" } : { delegate: next }, isFinal: true },
      ] as const;
    }),
  );
  const terms = termsFor(Object.fromEntries(names.map((name) => [name, seat])));
  expect(pollResult(terms, ballots, 0)).toMatchObject({ status: "decided", option: "left" });
});
