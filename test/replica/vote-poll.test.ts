// Polls: what counts, what decides, and that nothing takes a decision back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkProposal,
  type Proposal,
  proposalId,
  readBallotRecord,
} from "../../host/replica/vote/ballot-record.ts";
import { Poll } from "../../host/replica/vote/poll.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";

const voters = ["a", "b", "c"].map((digit) => digit.repeat(16) as ReplicaId);
const [anna, bob, cleo] = voters as [ReplicaId, ReplicaId, ReplicaId];
const electorate = { [anna]: 1, [bob]: 1, [cleo]: 1 };
const proposal: Proposal = { options: ["yes", "no"], electorate, threshold: 2 };
const ballot = (option: string, final = true) => ({ kind: "ballot", proposal: "p", option, final }) as const;

describe("a poll", () => {
  it("decides by final ballots alone", () => {
    const poll = new Poll(proposal);
    poll.cast(anna, 1, 0, ballot("yes", false));
    poll.cast(bob, 1, 0, ballot("yes", false));
    expect(poll.decision()).toEqual({ status: "open" });
    expect(poll.tally()).toEqual({
      options: [
        { option: "yes", final: 0, provisional: 2 },
        { option: "no", final: 0, provisional: 0 },
      ],
      threshold: 2,
      total: 3,
      uncast: 3,
    });
    poll.cast(anna, 2, 0, ballot("no", false));
    poll.cast(bob, 2, 0, ballot("yes"));
    poll.cast(cleo, 1, 0, ballot("yes"));
    expect(poll.decision()).toEqual({ status: "decided", option: "yes" });
    expect(poll.tally()).toMatchObject({ options: [{ final: 2 }, { provisional: 1 }], uncast: 1 });
  });

  it("counts the first final ballot of a voter, in its own sequence", () => {
    const poll = new Poll(proposal);
    poll.cast(anna, 3, 0, ballot("no"));
    poll.cast(anna, 2, 0, ballot("yes"));
    poll.cast(anna, 4, 0, ballot("no", false));
    poll.cast(anna, 2, 0, ballot("yes"));
    expect(poll.ballotOf(anna)).toMatchObject({ option: "yes", isFinal: true, sequence: 2 });
    expect(poll.tally().options.map(({ final }) => final)).toEqual([1, 0]);
  });

  it("counts nothing after the deadline, and nothing of strangers or for what is no option", () => {
    const poll = new Poll({ ...proposal, deadlineMs: 10 });
    poll.cast(anna, 1, 10 * 1024 + 1023, ballot("yes"));
    poll.cast(bob, 1, 11 * 1024, ballot("yes"));
    poll.cast(cleo, 1, 0, ballot("perhaps"));
    poll.cast("d".repeat(16) as ReplicaId, 1, 0, ballot("yes"));
    expect(poll.tally()).toMatchObject({ options: [{ final: 1 }, { final: 0 }], uncast: 0 });
    expect(poll.decision()).toEqual({ status: "impossible" });
  });

  it("is impossible once what is left lifts nothing to the threshold", () => {
    const poll = new Poll({ ...proposal, threshold: 3 });
    poll.cast(anna, 1, 0, ballot("yes"));
    expect(poll.decision()).toEqual({ status: "open" });
    poll.cast(bob, 1, 0, ballot("no"));
    expect(poll.decision()).toEqual({ status: "impossible" });
  });

  it("weighs", () => {
    const poll = new Poll({ options: ["x"], electorate: { [anna]: 5, [bob]: 1 }, threshold: 5 });
    poll.cast(bob, 1, 0, ballot("x"));
    expect(poll.decision()).toEqual({ status: "open" });
    poll.cast(anna, 1, 0, ballot("x"));
    expect(poll.decision()).toEqual({ status: "decided", option: "x" });
  });

  it("never takes a decision back, whatever comes in whatever order", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
    const casts = fc.array(
      fc.record({
        voter: fc.nat(5),
        option: fc.constantFrom("x", "y", "z"),
        final: fc.boolean(),
        timeMs: fc.nat(20),
      }),
      { maxLength: 25 },
    );
    fc.assert(
      fc.property(
        weights,
        fc.double({ min: 0.5, max: 1, noNaN: true }),
        casts,
        fc.nat(),
        (held, share, cast, seed) => {
          const ids = held.map((_, index) => String(index + 1).padStart(16, "0") as ReplicaId);
          const total = held.reduce((sum, weight) => sum + weight, 0);
          const threshold = Math.min(total, Math.floor(total / 2) + 1 + Math.floor((share - 0.5) * total));
          const poll = new Poll({
            options: ["x", "y"],
            electorate: Object.fromEntries(ids.map((id, index) => [id, held[index]!])),
            threshold,
            deadlineMs: 10,
          });
          // Each voter's ballots come in its own order; voters are interleaved by the seed.
          const queues = ids.map((_, index) => cast.filter(({ voter }) => voter === index));
          const sequences = ids.map(() => 0);
          let settled: unknown;
          for (let turn = seed; queues.some((queue) => queue.length > 0); turn = (turn * 7 + 3) % 1009) {
            const waiting = [...queues.keys()].filter((index) => queues[index]!.length > 0);
            const index = waiting[turn % waiting.length]!;
            const { option, final, timeMs } = queues[index]!.shift()!;
            poll.cast(ids[index]!, ++sequences[index]!, timeMs * 1024, ballot(option, final));
            const decision = poll.decision();
            if (settled !== undefined) expect(decision).toEqual(settled);
            else if (decision.status !== "open") settled = decision;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("a proposal", () => {
  it("is copied, and read back as it was written", () => {
    const checked = checkProposal({ ...proposal, deadlineMs: 5 });
    expect(checked).toEqual({ kind: "proposal", ...proposal, deadlineMs: 5 });
    expect(checked.options).not.toBe(proposal.options);
    expect(readBallotRecord(checked)).toEqual(checked);
    expect(readBallotRecord(ballot("yes"))).toEqual(ballot("yes"));
    expect(proposalId(anna, 7)).toBe(`${anna}-7`);
  });

  it.each<[object, RegExp]>([
    [{ options: [] }, /1 to 256 options/],
    [{ options: Array.from({ length: 257 }, (_, index) => `${index}`) }, /1 to 256 options/],
    [{ options: ["a", "a"] }, /texts, each once/],
    [{ options: [1] }, /texts, each once/],
    [{ electorate: {} }, /1 to 65535 voters/],
    [{ electorate: { anna: 1 } }, /"anna" is no replica id/],
    [{ electorate: { [anna]: 0 } }, /weight of a+ is 0/],
    [{ electorate: { [anna]: 2 ** 53 - 1, [bob]: 1 } }, /leave 2\^53/],
    [{ threshold: 1 }, /of 3 it takes more than half/],
    [{ threshold: 4 }, /at most all/],
    [{ threshold: 2.5 }, /threshold is 2\.5/],
    [{ electorate: { [anna]: 1, [bob]: 1 }, threshold: 1 }, /more than half/],
    [{ deadlineMs: 1.5 }, /whole milliseconds/],
  ])("with %j is refused", (changed, message) => {
    expect(() => checkProposal({ ...proposal, ...changed } as Proposal)).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(message) }),
    );
    expect(readBallotRecord({ kind: "proposal", ...proposal, ...changed })).toBeUndefined();
  });

  it("is nothing else", () => {
    for (const value of [undefined, null, 1, [], {}, { kind: "ballot" }, { ...ballot("x"), final: 1 }]) {
      expect(readBallotRecord(value)).toBeUndefined();
    }
  });
});
