// Votes through the public API: who may vote and when, and that no interleaving takes back a decision somebody saw.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Change, type Document, type ReplicaId, schema, vote } from "../../host/index.ts";
import { VOTE_OPTIONS_MAX } from "../../host/limits.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

const Council = schema({ votes: vote() });
type Council = Document<typeof Council>;

describe.each(ENGINES)("votes on $name", (engine) => {
  const group = async (count = 3) => {
    const { documents, members } = await openGroup(engine, Council, count);
    const ids = members.map(({ replica }) => replica.id);
    const electorate: Record<ReplicaId, number> = Object.fromEntries(ids.map((id) => [id, 1]));
    const proposal = { options: ["yes", "no"], electorate, threshold: Math.floor(count / 2) + 1 };
    return {
      documents: documents as Council[],
      ids,
      proposal,
      clocks: members.map(({ platform }) => platform),
    };
  };
  const refused = (message: RegExp) =>
    expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(message) });
  const final = { final: true };

  it("decide once enough final ballots are in, the same everywhere", async () => {
    const { documents, ids, proposal, clocks } = await group();
    const [first, second, third] = documents as [Council, Council, Council];
    const id = first.votes.propose(proposal);
    expect(id).toBe(`${ids[0]}-1`);
    converge(...documents);
    expect(second.votes.proposals()).toEqual([
      { id, replica: ids[0], timeMs: clocks[0]!.nowMs, ...proposal },
    ]);
    expect([first.votes.cast(id, "no"), first.votes.cast(id, "yes", final)]).toEqual([true, true]);
    expect(second.votes.cast(id, "yes")).toBe(true);
    converge(...documents);
    for (const { votes } of documents) {
      expect(votes.decision(id)).toEqual({ status: "open" });
      expect(votes.tally(id)).toEqual({
        options: [
          { option: "yes", final: 1, provisional: 2 },
          { option: "no", final: 0, provisional: 0 },
        ],
        threshold: 2,
        total: 3,
        uncast: 2,
      });
    }
    third.votes.cast(id, "yes", final);
    converge(...documents);
    for (const { votes } of documents) {
      expect(votes.decision(id)).toEqual({ status: "decided", option: "yes" });
      expect(votes.ballot(id, ids[1])).toMatchObject({ option: "yes", isFinal: false });
      expect(votes.toJSON()).toEqual({
        [id]: { decision: { status: "decided", option: "yes" }, options: votes.tally(id)!.options },
      });
    }
    expect(third.votes.ballot(id)).toMatchObject({ option: "yes", isFinal: true });
    expect(new Set(documents.map((document) => document.digest())).size).toBe(1);
  });

  it("refuse ballots that cannot count, and proposals that cannot decide", async () => {
    const { documents, ids, proposal } = await group(2);
    const [first, second] = documents as [Council, Council];
    expect(() => first.votes.propose({ ...proposal, threshold: 1 })).toThrow(refused(/more than half/));
    const options = Array.from({ length: VOTE_OPTIONS_MAX + 1 }, (_, index) => `option ${index}`);
    expect(() => first.votes.propose({ ...proposal, options })).toThrow(refused(/1 to 256 options/));
    expect(first.votes.propose({ ...proposal, options: options.slice(1) })).toBeTypeOf("string");
    const id = first.votes.propose({ ...proposal, electorate: { [ids[0]!]: 1 }, threshold: 1 });
    expect(() => second.votes.cast(id, "yes")).toThrow(refused(/no proposal of that id is known here/));
    expect([second.votes.tally(id), second.votes.decision(id), second.votes.ballot(id)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    converge(first, second);
    expect(() => second.votes.cast(id, "yes")).toThrow(refused(/has no vote in it/));
    expect(() => first.votes.cast(id, "perhaps")).toThrow(refused(/none of its options "yes", "no"/));
    first.votes.cast(id, "yes", final);
    expect(() => first.votes.cast(id, "no", final)).toThrow(refused(/has cast its final ballot/));
    expect(first.votes.decision(id)).toEqual({ status: "decided", option: "yes" });
  });

  it("do not count ballots after the deadline", async () => {
    const { documents, proposal, clocks } = await group(2);
    const [first, second] = documents as [Council, Council];
    const id = first.votes.propose({ ...proposal, deadlineMs: clocks[0]!.nowMs + 10 });
    converge(first, second);
    expect(first.votes.cast(id, "yes", final)).toBe(true);
    clocks[1]!.nowMs += 11;
    expect([second.votes.cast(id, "yes"), second.votes.cast(id, "yes", final)]).toEqual([false, false]);
    converge(first, second);
    for (const { votes } of documents) expect(votes.decision(id)).toEqual({ status: "impossible" });
  });

  it("take back what a transaction that threw had cast", async () => {
    const { documents, proposal } = await group(1);
    const { votes } = documents[0]!;
    const id = votes.propose(proposal);
    expect(() =>
      documents[0]!.transact(() => {
        votes.propose(proposal);
        votes.cast(id, "no", final);
        expect(votes.decision(id)).toEqual({ status: "decided", option: "no" });
        throw new Error("no");
      }),
    ).toThrow("no");
    expect([votes.proposals().length, votes.decision(id), votes.ballot(id)]).toEqual([
      1,
      { status: "open" },
      undefined,
    ]);
    votes.cast(id, "yes", final);
    expect(votes.decision(id)).toEqual({ status: "decided", option: "yes" });
  });

  it("tell which proposals changed", async () => {
    const { documents, proposal } = await group(2);
    const [first, second] = documents as [Council, Council];
    const heard: Change[] = [];
    const early = second.votes.propose(proposal);
    pass(second, first);
    first.subscribe((change) => heard.push(change));
    const id = first.votes.propose(proposal);
    converge(first, second);
    second.votes.cast(id, "yes");
    second.votes.cast(id, "no", final);
    pass(second, first);
    second.votes.cast(early, "no", final);
    pass(second, first);
    const said = { container: "votes", type: "vote" };
    expect(heard).toEqual([
      { ...said, origin: "local", proposals: [id] },
      { ...said, origin: "remote", proposals: [id] },
      { ...said, origin: "remote", proposals: [early] },
    ]);
    expect(first.votes.proposals().map((each) => each.id)).toEqual([early, id]);
  });

  it("never take a decision back, and agree in the end, whatever the order", async () => {
    const step = fc.record({
      at: fc.nat(3),
      to: fc.nat(3),
      does: fc.constantFrom("cast", "cast", "final", "pass", "pass"),
      option: fc.constantFrom("x", "y"),
      tickMs: fc.nat(3),
    });
    const setting = fc.record({
      steps: fc.array(step, { maxLength: 40 }),
      weights: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
      deadlineMs: fc.option(fc.nat(40), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(setting, async ({ steps, weights, deadlineMs }) => {
        const { documents, ids, clocks } = await group(4);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const id = documents[0]!.votes.propose({
          options: ["x", "y"],
          electorate: Object.fromEntries(ids.map((voter, index) => [voter, weights[index]!])),
          threshold: Math.floor(total / 2) + 1,
          ...(deadlineMs === undefined ? {} : { deadlineMs: clocks[0]!.nowMs + deadlineMs }),
        });
        converge(...documents);
        let settled: unknown;
        const look = () => {
          for (const { votes } of documents) {
            const decision = votes.decision(id)!;
            if (decision.status === "open") continue;
            settled ??= decision;
            expect(decision).toEqual(settled);
          }
        };
        for (const { at, to, does, option, tickMs } of steps) {
          clocks[at]!.nowMs += tickMs;
          if (does === "pass") pass(documents[at]!, documents[to]!);
          else if (documents[at]!.votes.ballot(id)?.isFinal !== true) {
            documents[at]!.votes.cast(id, option, { final: does === "final" });
          }
          look();
        }
        converge(...documents);
        look();
        const fresh = await (await createMember(engine)).replica.open("home", Council);
        fresh.load(documents[0]!.snapshot());
        const views = [...documents, fresh].map((document) => JSON.stringify(document.toJSON()));
        expect(new Set(views).size).toBe(1);
        if (settled !== undefined) expect(fresh.votes.decision(id)).toEqual(settled);
      }),
      { numRuns: 60 },
    );
  });
});
