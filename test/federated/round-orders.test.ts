// The model of a round does not depend on the order, the number or the way in which updates come: random deliveries to fresh
// replicas of both engines, against one replica that got everything in order. FEDERATED_TRIALS chooses how many.
import fc from "fast-check";
import { expect, it } from "vitest";
import { joinFederation } from "../../host/federated/index.ts";
import { createMember, pass } from "../replica/group.ts";
import { bits, ENGINES, openFederations, updateOf } from "./group.ts";

const TRIALS = Number(process.env.FEDERATED_TRIALS ?? 1_000);
const PARTICIPANTS = 7;
const PARAMETERS = 257;

it(`${TRIALS} random orders, duplications and paths: no bit differs`, async () => {
  const names = Array.from({ length: PARTICIPANTS }, (_, index) => `p${index}`);
  const all = await openFederations(names, updateOf(50, PARAMETERS));
  const [creator, ...others] = all;
  const start = creator!.document.snapshot();
  const vector = creator!.document.versionVector();
  for (const [index, federation] of all.entries()) {
    federation.contribute(updateOf(index, PARAMETERS, 10 ** (index - 5)), 3 ** index);
  }
  const own = others.map(({ document }) => document.deltaSince(vector));
  for (const { document } of others) pass(document, creator!.document);
  creator!.closeRound();
  // What the creator wrote comes along with what it had merged; the others also forward what they have met.
  const deltas = [...own, creator!.document.deltaSince(vector)];
  for (const [index, { document }] of others.entries()) {
    pass(others[(index + 1) % others.length]!.document, document);
    deltas.push(document.deltaSince(vector));
  }
  const expected = bits(creator!.model);
  expect(expected).not.toEqual(bits(updateOf(50, PARAMETERS)));

  const delivery = fc.record({
    engine: fc.nat(ENGINES.length - 1),
    order: fc.shuffledSubarray(
      deltas.map((_, index) => index),
      { minLength: 0 },
    ),
    again: fc.array(fc.nat(deltas.length - 1), { maxLength: 6 }),
    asks: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(delivery, async ({ engine, order, again, asks }) => {
      const { replica } = await createMember(ENGINES[engine]!);
      const document = await replica.open("f");
      document.merge(start);
      const federation = await joinFederation(replica, "f", {
        participant: "late",
        engine: ENGINES[engine]!,
      });
      for (const index of [...order, ...again]) {
        document.merge(deltas[index]!);
        // Looking at the round half-way must not change what it comes to.
        if (asks) federation.view();
      }
      pass(creator!.document, document);
      expect(bits(federation.model)).toEqual(expected);
      await replica.close();
    }),
    { numRuns: TRIALS },
  );
});
